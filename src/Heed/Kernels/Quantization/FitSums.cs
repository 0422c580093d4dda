using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Quantization;

/// <summary>
/// Weighted sums over a sub-block, of a multiple of eight numbers, for the least-squares search of scales. Eight lanes and one
/// order of additions on every machine, so that a file's bytes do not depend on where it was made.
/// </summary>
internal static class FitSums
{
    public const int Lanes = 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(ReadOnlySpan<float> values, int i) => Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(values), (nuint)i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector256<float> lanes)
    {
        Vector128<float> half = lanes.GetLower() + lanes.GetUpper();
        return (half[0] + half[2]) + (half[1] + half[3]);
    }

    /// <summary>round(v) clamped to 0 … levels, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Level(Vector256<float> v, Vector256<float> levels) =>
        Vector256.MinNative(Vector256.MaxNative(Vector256.Round(v), Vector256<float>.Zero), levels);

    /// <summary>The least and the greatest of a multiple of eight numbers.</summary>
    public static (float Low, float High) Range(ReadOnlySpan<float> x)
    {
        Vector256<float> low = Load(x, 0), high = low;
        for (int i = Lanes; i < x.Length; i += Lanes)
        {
            Vector256<float> value = Load(x, i);
            low = Vector256.MinNative(low, value);
            high = Vector256.MaxNative(high, value);
        }
        Vector128<float> least = Vector128.MinNative(low.GetLower(), low.GetUpper()), greatest = Vector128.MaxNative(high.GetLower(), high.GetUpper());
        return (MathF.Min(MathF.Min(least[0], least[1]), MathF.Min(least[2], least[3])), MathF.Max(MathF.Max(greatest[0], greatest[1]), MathF.Max(greatest[2], greatest[3])));
    }
}
