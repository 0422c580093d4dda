using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels;

/// <summary>Sixteen lanes as two 256-bit registers.</summary>
internal readonly unsafe struct Sixteen256 : ISixteen<Pair256>
{
    private static Vector256<float> FirstLanes(int count)
        => Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 Create(float value) => new(Vector256.Create(value), Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 Load(float* source) => new(Vector256.Load(source), Vector256.Load(source + 8));

    public static Pair256 LoadPart(float* source, int count, float fill)
    {
        if (Avx.IsSupported)
        {
            Vector256<float> low = FirstLanes(count);
            Vector256<float> high = FirstLanes(count - 8);
            Vector256<float> rest = Vector256.Create(fill);
            return new(
                Vector256.ConditionalSelect(low, Avx.MaskLoad(source, low), rest),
                Vector256.ConditionalSelect(high, Avx.MaskLoad(source + 8, high), rest));
        }

        float* lanes = stackalloc float[16];
        Store(lanes, Create(fill));
        for (int i = 0; i < count; i++)
        {
            lanes[i] = source[i];
        }

        return Load(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 LoadTwice(float* source)
    {
        Vector256<float> eight = Vector256.Load(source);
        return new(
            Vector256.Shuffle(eight, Vector256.Create(0, 0, 1, 1, 2, 2, 3, 3)),
            Vector256.Shuffle(eight, Vector256.Create(4, 4, 5, 5, 6, 6, 7, 7)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 LoadHalf(ushort* source)
    {
        (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load(source));
        return new(Widen(low.AsInt32()), Widen(high.AsInt32()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 LoadNormalHalf(ushort* source)
    {
        Vector256<short> half = Vector256.Load((short*)source);
        if (Vector256.EqualsAny(half & Vector256.Create((short)Sixteen512.HalfExponent), Vector256<short>.Zero))
        {
            return LoadHalf(source);
        }

        (Vector256<int> low, Vector256<int> high) = Vector256.Widen(half);
        Vector256<int> exponent = Vector256.Create(Sixteen512.HighExponent);
        Vector256<float> inverse = Vector256.Create(Sixteen512.HighExponentInverse);
        return new(((low << 13) | exponent).AsSingle() * inverse, ((high << 13) | exponent).AsSingle() * inverse);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 LoadBFloat(ushort* source)
    {
        (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load(source));
        return new((low << 16).AsSingle(), (high << 16).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 LoadSigned(sbyte* source)
    {
        (Vector256<int> low, Vector256<int> high) = Vector256.Widen(Vector256.WidenLower(Vector128.Load(source).ToVector256Unsafe()));
        return new(Vector256.ConvertToSingle(low), Vector256.ConvertToSingle(high));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Widen(Vector256<int> half)
    {
        Vector256<int> shifted = (half & Vector256.Create(0x7FFF)) << 13, normal = shifted + Vector256.Create(Sixteen512.HalfRebias);
        Vector256<int> subnormal = ((normal + Vector256.Create(1 << 23)).AsSingle() - Vector256.Create(Sixteen512.SmallestHalf)).AsInt32();
        Vector256<int> bits = Vector256.ConditionalSelect(Vector256.LessThan(shifted, Vector256.Create(1 << 23)), subnormal, normal);
        bits |= Vector256.GreaterThanOrEqual(shifted, Vector256.Create(Sixteen512.HalfInfinity)) & Vector256.Create(Sixteen512.FloatInfinity);
        return (bits | ((half & Vector256.Create(0x8000)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Pair256 value)
    {
        value.Low.Store(destination);
        value.High.Store(destination + 8);
    }

    public static void StorePart(float* destination, int count, Pair256 value)
    {
        if (Avx.IsSupported)
        {
            Avx.MaskStore(destination, FirstLanes(count), value.Low);
            Avx.MaskStore(destination + 8, FirstLanes(count - 8), value.High);
            return;
        }

        float* lanes = stackalloc float[16];
        Store(lanes, value);
        for (int i = 0; i < count; i++)
        {
            destination[i] = lanes[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 Add(Pair256 a, Pair256 b) => new(a.Low + b.Low, a.High + b.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 Subtract(Pair256 a, Pair256 b) => new(a.Low - b.Low, a.High - b.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 Multiply(Pair256 a, Pair256 b) => new(a.Low * b.Low, a.High * b.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 Divide(Pair256 a, Pair256 b) => new(a.Low / b.Low, a.High / b.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 Fma(Pair256 a, Pair256 b, Pair256 c)
        => new(Vector256.FusedMultiplyAdd(a.Low, b.Low, c.Low), Vector256.FusedMultiplyAdd(a.High, b.High, c.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 Max(Pair256 a, Pair256 b)
        => new(Vector256.MaxNative(a.Low, b.Low), Vector256.MaxNative(a.High, b.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 Abs(Pair256 a) => new(Vector256.Abs(a.Low), Vector256.Abs(a.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 CopySign(Pair256 magnitude, Pair256 sign)
        => new(Vector256.CopySign(magnitude.Low, sign.Low), Vector256.CopySign(magnitude.High, sign.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 SelectLess(Pair256 a, Pair256 b, Pair256 yes, Pair256 no) => new(
        Vector256.ConditionalSelect(Vector256.LessThan(a.Low, b.Low), yes.Low, no.Low),
        Vector256.ConditionalSelect(Vector256.LessThan(a.High, b.High), yes.High, no.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 KeepRange(Pair256 a, int first, int end, float fill)
        => new(KeepEight(a.Low, first, end, fill), KeepEight(a.High, first - 8, end - 8, fill));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> KeepEight(Vector256<float> a, int first, int end, float fill)
    {
        Vector256<int> lane = Vector256<int>.Indices;
        Vector256<int> keep = Vector256.LessThan(lane, Vector256.Create(end)) & Vector256.GreaterThanOrEqual(lane, Vector256.Create(first));
        return Vector256.ConditionalSelect(keep.AsSingle(), a, Vector256.Create(fill));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 AddExponent(Pair256 a, Pair256 shift) => new(
        (a.Low.AsInt32() + (shift.Low.AsInt32() << 23)).AsSingle(),
        (a.High.AsInt32() + (shift.High.AsInt32() << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 CreateBits(uint value)
    {
        Vector256<float> v = Vector256.Create(value).AsSingle();
        return new(v, v);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 AddBits(Pair256 a, Pair256 b)
        => new(
        (a.Low.AsUInt32() + b.Low.AsUInt32()).AsSingle(),
        (a.High.AsUInt32() + b.High.AsUInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 MultiplyBits(Pair256 a, Pair256 b)
        => new(
        (a.Low.AsUInt32() * b.Low.AsUInt32()).AsSingle(),
        (a.High.AsUInt32() * b.High.AsUInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 XorShift(Pair256 a, int count)
        => new(
        (a.Low.AsUInt32() ^ (a.Low.AsUInt32() >> count)).AsSingle(),
        (a.High.AsUInt32() ^ (a.High.AsUInt32() >> count)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 SelectBelow(Pair256 a, Pair256 b, Pair256 yes, Pair256 no)
        => new(
        Vector256.ConditionalSelect(Vector256.LessThan(a.Low.AsUInt32(), b.Low.AsUInt32()).AsSingle(), yes.Low, no.Low),
        Vector256.ConditionalSelect(Vector256.LessThan(a.High.AsUInt32(), b.High.AsUInt32()).AsSingle(), yes.High, no.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint BitsAbove(Pair256 a, Pair256 b) => ~(AtMost(a.Low, b.Low) | (AtMost(a.High, b.High) << 8)) & 0xFFFF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint AtMost(Vector256<float> a, Vector256<float> b) => Vector256.LessThanOrEqual(a, b).ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 SelectBits(uint bits, Pair256 yes, Pair256 no)
        => new(SelectEight(bits, yes.Low, no.Low), SelectEight(bits >> 8, yes.High, no.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> SelectEight(uint bits, Vector256<float> yes, Vector256<float> no)
    {
        Vector256<uint> unset = Vector256.Equals(Vector256.Create(bits) & Vector256.Create(1u, 2, 4, 8, 16, 32, 64, 128), Vector256<uint>.Zero);
        return Vector256.ConditionalSelect(unset.AsSingle(), no, yes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair256 SwapPairs(Pair256 a) => new(
        Vector256.Shuffle(a.Low, Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6)),
        Vector256.Shuffle(a.High, Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Pair256 a) => SumEight(a.Low + a.High);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Pair256 a) => MaxEight(Vector256.MaxNative(a.Low, a.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float SumEight(Vector256<float> a) => Sixteen128.SumFour(a.GetLower() + a.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float MaxEight(Vector256<float> a) => Sixteen128.MaxFour(Vector128.MaxNative(a.GetLower(), a.GetUpper()));
}
