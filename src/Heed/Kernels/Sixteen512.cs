using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels;

/// <summary>Sixteen lanes in one 512-bit register.</summary>
internal readonly unsafe struct Sixteen512 : ISixteen<Vector512<float>>
{
    // From binary16's exponent bias of 15 to binary32's of 127. A subnormal read with its exponent is too large by exactly the
    // smallest normal number; a product with a power of two would do too, but processors are slow with subnormal operands.
    internal const int HalfRebias = (127 - 15) << 23;
    internal const float SmallestHalf = 6.103515625e-5f;
    internal const int HalfInfinity = 0x7C00 << 13, FloatInfinity = 0x7F800000;

    private static Vector512<float> FirstLanes(int count)
        => Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Create(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadPart(float* source, int count, float fill)
    {
        if (Avx512F.IsSupported)
        {
            return Avx512F.MaskLoad(source, FirstLanes(count), Vector512.Create(fill));
        }

        return Vector512.Create(
            Sixteen256.LoadPart(source, count, fill).Low, Sixteen256.LoadPart(source, count, fill).High);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadTwice(float* source)
    {
        Vector512<float> eight = Vector256.Load(source).ToVector512();
        return Vector512.Shuffle(eight, Vector512.Create(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadHalf(ushort* source)
    {
        Vector512<int> half = Avx512F.ConvertToVector512Int32(Vector256.Load(source));
        Vector512<int> shifted = (half & Vector512.Create(0x7FFF)) << 13, normal = shifted + Vector512.Create(HalfRebias);
        Vector512<int> subnormal = ((normal + Vector512.Create(1 << 23)).AsSingle() - Vector512.Create(SmallestHalf)).AsInt32();
        Vector512<int> bits = Vector512.ConditionalSelect(Vector512.LessThan(shifted, Vector512.Create(1 << 23)), subnormal, normal);
        bits |= Vector512.GreaterThanOrEqual(shifted, Vector512.Create(HalfInfinity)) & Vector512.Create(FloatInfinity);
        return (bits | ((half & Vector512.Create(0x8000)) << 16)).AsSingle();
    }

    // With its sign spread over three bits above the exponent and these set, a binary16 is the float32 that is too large by 2^112,
    // infinities and NaN included; zero and subnormal numbers alone are not.
    internal const int HalfExponent = 0x7C00, HighExponent = 0x70000000;
    internal const float HighExponentInverse = 1.92592994e-34f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadNormalHalf(ushort* source)
    {
        Vector256<short> half = Vector256.Load((short*)source);
        if (Vector256.EqualsAny(half & Vector256.Create((short)HalfExponent), Vector256<short>.Zero))
        {
            return LoadHalf(source);
        }

        Vector512<int> bits = (Avx512F.ConvertToVector512Int32(half) << 13) | Vector512.Create(HighExponent);
        return bits.AsSingle() * Vector512.Create(HighExponentInverse);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadBFloat(ushort* source) => (Avx512F.ConvertToVector512Int32(Vector256.Load(source)) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadSigned(sbyte* source) => Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(source)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Vector512<float> value) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePart(float* destination, int count, Vector512<float> value)
    {
        if (Avx512F.IsSupported)
        {
            Avx512F.MaskStore(destination, FirstLanes(count), value);
        }
        else
        {
            Sixteen256.StorePart(destination, count, new Pair256(value.GetLower(), value.GetUpper()));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Subtract(Vector512<float> a, Vector512<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Divide(Vector512<float> a, Vector512<float> b) => a / b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Fma(Vector512<float> a, Vector512<float> b, Vector512<float> c)
        => Vector512.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Max(Vector512<float> a, Vector512<float> b) => Vector512.MaxNative(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Abs(Vector512<float> a) => Vector512.Abs(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> CopySign(Vector512<float> magnitude, Vector512<float> sign)
        => Vector512.CopySign(magnitude, sign);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> SelectLess(Vector512<float> a, Vector512<float> b, Vector512<float> yes, Vector512<float> no)
        => Vector512.ConditionalSelect(Vector512.LessThan(a, b), yes, no);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> KeepRange(Vector512<float> a, int first, int end, float fill)
    {
        Vector512<int> lane = Vector512<int>.Indices;
        Vector512<int> keep = Vector512.LessThan(lane, Vector512.Create(end)) & Vector512.GreaterThanOrEqual(lane, Vector512.Create(first));
        return Vector512.ConditionalSelect(keep.AsSingle(), a, Vector512.Create(fill));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> AddExponent(Vector512<float> a, Vector512<float> shift)
        => (a.AsInt32() + (shift.AsInt32() << 23)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> CreateBits(uint value) => Vector512.Create(value).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> AddBits(Vector512<float> a, Vector512<float> b)
        => (a.AsUInt32() + b.AsUInt32()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyBits(Vector512<float> a, Vector512<float> b)
        => (a.AsUInt32() * b.AsUInt32()).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> XorShift(Vector512<float> a, int count)
        => (a.AsUInt32() ^ (a.AsUInt32() >> count)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> SelectBelow(Vector512<float> a, Vector512<float> b, Vector512<float> yes, Vector512<float> no)
        => Vector512.ConditionalSelect(Vector512.LessThan(a.AsUInt32(), b.AsUInt32()).AsSingle(), yes, no);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint BitsAbove(Vector512<float> a, Vector512<float> b) => ~(uint)Vector512.LessThanOrEqual(a, b).ExtractMostSignificantBits() & 0xFFFF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> SelectBits(uint bits, Vector512<float> yes, Vector512<float> no)
    {
        Vector512<uint> lane = Vector512.Create(1u, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768);
        return Vector512.ConditionalSelect(Vector512.Equals(Vector512.Create(bits) & lane, Vector512<uint>.Zero).AsSingle(), no, yes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> SwapPairs(Vector512<float> a)
        => Vector512.Shuffle(a, Vector512.Create(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> a) => Sixteen256.SumEight(a.GetLower() + a.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Vector512<float> a) => Sixteen256.MaxEight(Vector256.MaxNative(a.GetLower(), a.GetUpper()));
}
