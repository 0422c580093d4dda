using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>Dropout (Srivastava et al. 2014) by the counted draws of <see cref="DropoutStream"/>: sixteen columns at a time.</summary>
internal static class Dropout
{
    /// <summary>destination[c] = draw c of the row's key at least threshold ? x[c] * scale : 0; in place is allowed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row(ReadOnlySpan<float> x, uint rowKey, uint threshold, float scale, Span<float> destination)
    {
        Debug.Assert(destination.Length >= x.Length, "sizes are checked by the caller");
        Vector512<uint> columns = Vector512<uint>.Indices, limit = Vector512.Create(threshold);
        Vector512<float> factor = Vector512.Create(scale);
        int i = 0;
        for (; i <= x.Length - 16; i += 16)
        {
            Vector512<uint> draw = DropoutStream.Draw(rowKey, columns);
            Vector512<float> kept = Vector512.GreaterThanOrEqual(draw, limit).AsSingle();
            Vector512.ConditionalSelect(kept, Vector512.Create(x[i..]) * factor, Vector512<float>.Zero).CopyTo(destination[i..]);
            columns += Vector512.Create(16u);
        }

        RowScalar(x, rowKey, threshold, scale, destination, i);
    }

    /// <summary>The scalar twin, from column <paramref name="first"/> on.</summary>
    public static void RowScalar(ReadOnlySpan<float> x, uint rowKey, uint threshold, float scale, Span<float> destination, int first = 0)
    {
        for (int i = first; i < x.Length; i++) destination[i] = DropoutStream.Draw(rowKey, (uint)i) >= threshold ? x[i] * scale : 0f;
    }
}
