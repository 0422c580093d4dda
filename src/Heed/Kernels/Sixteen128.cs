using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>Sixteen lanes as four 128-bit registers: NEON, SSE, and the portable path.</summary>
internal readonly unsafe struct Sixteen128 : ISixteen<Quad128>
{
    public static Quad128 Create(float value)
    {
        Vector128<float> v = Vector128.Create(value);
        return new(v, v, v, v);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 Load(float* source)
        => new(Vector128.Load(source), Vector128.Load(source + 4), Vector128.Load(source + 8), Vector128.Load(source + 12));

    public static Quad128 LoadPart(float* source, int count, float fill)
    {
        float* lanes = stackalloc float[16];
        Store(lanes, Create(fill));
        for (int i = 0; i < count; i++)
        {
            lanes[i] = source[i];
        }

        return Load(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 LoadTwice(float* source)
    {
        Vector128<float> low = Vector128.Load(source);
        Vector128<float> high = Vector128.Load(source + 4);
        return new(
            Vector128.Shuffle(low, Vector128.Create(0, 0, 1, 1)),
            Vector128.Shuffle(low, Vector128.Create(2, 2, 3, 3)),
            Vector128.Shuffle(high, Vector128.Create(0, 0, 1, 1)),
            Vector128.Shuffle(high, Vector128.Create(2, 2, 3, 3)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 LoadHalf(ushort* source)
    {
        (Vector128<uint> a, Vector128<uint> b) = Vector128.Widen(Vector128.Load(source));
        (Vector128<uint> c, Vector128<uint> d) = Vector128.Widen(Vector128.Load(source + 8));
        return new(Widen(a.AsInt32()), Widen(b.AsInt32()), Widen(c.AsInt32()), Widen(d.AsInt32()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 LoadNormalHalf(ushort* source)
    {
        Vector128<short> first = Vector128.Load((short*)source), last = Vector128.Load((short*)source + 8), field = Vector128.Create((short)Sixteen512.HalfExponent);
        if (Vector128.EqualsAny(first & field, Vector128<short>.Zero) || Vector128.EqualsAny(last & field, Vector128<short>.Zero))
        {
            return LoadHalf(source);
        }

        (Vector128<int> a, Vector128<int> b) = Vector128.Widen(first);
        (Vector128<int> c, Vector128<int> d) = Vector128.Widen(last);
        return new(WidenNormal(a), WidenNormal(b), WidenNormal(c), WidenNormal(d));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> WidenNormal(Vector128<int> half)
        => ((half << 13) | Vector128.Create(Sixteen512.HighExponent)).AsSingle() * Vector128.Create(Sixteen512.HighExponentInverse);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 LoadBFloat(ushort* source)
    {
        (Vector128<uint> a, Vector128<uint> b) = Vector128.Widen(Vector128.Load(source));
        (Vector128<uint> c, Vector128<uint> d) = Vector128.Widen(Vector128.Load(source + 8));
        return new((a << 16).AsSingle(), (b << 16).AsSingle(), (c << 16).AsSingle(), (d << 16).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 LoadSigned(sbyte* source)
    {
        (Vector128<short> low, Vector128<short> high) = Vector128.Widen(Vector128.Load(source));
        (Vector128<int> a, Vector128<int> b) = Vector128.Widen(low);
        (Vector128<int> c, Vector128<int> d) = Vector128.Widen(high);
        return new(Vector128.ConvertToSingle(a), Vector128.ConvertToSingle(b), Vector128.ConvertToSingle(c), Vector128.ConvertToSingle(d));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Widen(Vector128<int> half)
    {
        Vector128<int> shifted = (half & Vector128.Create(0x7FFF)) << 13, normal = shifted + Vector128.Create(Sixteen512.HalfRebias);
        Vector128<int> subnormal = ((normal + Vector128.Create(1 << 23)).AsSingle() - Vector128.Create(Sixteen512.SmallestHalf)).AsInt32();
        Vector128<int> bits = Vector128.ConditionalSelect(Vector128.LessThan(shifted, Vector128.Create(1 << 23)), subnormal, normal);
        bits |= Vector128.GreaterThanOrEqual(shifted, Vector128.Create(Sixteen512.HalfInfinity)) & Vector128.Create(Sixteen512.FloatInfinity);
        return (bits | ((half & Vector128.Create(0x8000)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* destination, Quad128 value)
    {
        value.A.Store(destination);
        value.B.Store(destination + 4);
        value.C.Store(destination + 8);
        value.D.Store(destination + 12);
    }

    public static void StorePart(float* destination, int count, Quad128 value)
    {
        float* lanes = stackalloc float[16];
        Store(lanes, value);
        for (int i = 0; i < count; i++)
        {
            destination[i] = lanes[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 Add(Quad128 a, Quad128 b) => new(a.A + b.A, a.B + b.B, a.C + b.C, a.D + b.D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 Subtract(Quad128 a, Quad128 b) => new(a.A - b.A, a.B - b.B, a.C - b.C, a.D - b.D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 Multiply(Quad128 a, Quad128 b) => new(a.A * b.A, a.B * b.B, a.C * b.C, a.D * b.D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 Divide(Quad128 a, Quad128 b) => new(a.A / b.A, a.B / b.B, a.C / b.C, a.D / b.D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 Fma(Quad128 a, Quad128 b, Quad128 c) => new(
        Vector128.FusedMultiplyAdd(a.A, b.A, c.A),
        Vector128.FusedMultiplyAdd(a.B, b.B, c.B),
        Vector128.FusedMultiplyAdd(a.C, b.C, c.C),
        Vector128.FusedMultiplyAdd(a.D, b.D, c.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 Max(Quad128 a, Quad128 b) => new(
        Vector128.MaxNative(a.A, b.A), Vector128.MaxNative(a.B, b.B), Vector128.MaxNative(a.C, b.C), Vector128.MaxNative(a.D, b.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 Abs(Quad128 a)
        => new(Vector128.Abs(a.A), Vector128.Abs(a.B), Vector128.Abs(a.C), Vector128.Abs(a.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 CopySign(Quad128 magnitude, Quad128 sign) => new(
        Vector128.CopySign(magnitude.A, sign.A),
        Vector128.CopySign(magnitude.B, sign.B),
        Vector128.CopySign(magnitude.C, sign.C),
        Vector128.CopySign(magnitude.D, sign.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 SelectLess(Quad128 a, Quad128 b, Quad128 yes, Quad128 no) => new(
        Vector128.ConditionalSelect(Vector128.LessThan(a.A, b.A), yes.A, no.A),
        Vector128.ConditionalSelect(Vector128.LessThan(a.B, b.B), yes.B, no.B),
        Vector128.ConditionalSelect(Vector128.LessThan(a.C, b.C), yes.C, no.C),
        Vector128.ConditionalSelect(Vector128.LessThan(a.D, b.D), yes.D, no.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 KeepRange(Quad128 a, int first, int end, float fill) => new(
        KeepFour(a.A, first, end, fill),
        KeepFour(a.B, first - 4, end - 4, fill),
        KeepFour(a.C, first - 8, end - 8, fill),
        KeepFour(a.D, first - 12, end - 12, fill));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> KeepFour(Vector128<float> a, int first, int end, float fill)
    {
        Vector128<int> lane = Vector128<int>.Indices;
        Vector128<int> keep = Vector128.LessThan(lane, Vector128.Create(end)) & Vector128.GreaterThanOrEqual(lane, Vector128.Create(first));
        return Vector128.ConditionalSelect(keep.AsSingle(), a, Vector128.Create(fill));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 AddExponent(Quad128 a, Quad128 shift) => new(
        (a.A.AsInt32() + (shift.A.AsInt32() << 23)).AsSingle(),
        (a.B.AsInt32() + (shift.B.AsInt32() << 23)).AsSingle(),
        (a.C.AsInt32() + (shift.C.AsInt32() << 23)).AsSingle(),
        (a.D.AsInt32() + (shift.D.AsInt32() << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 CreateBits(uint value)
    {
        Vector128<float> v = Vector128.Create(value).AsSingle();
        return new(v, v, v, v);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 AddBits(Quad128 a, Quad128 b)
        => new(
        (a.A.AsUInt32() + b.A.AsUInt32()).AsSingle(),
        (a.B.AsUInt32() + b.B.AsUInt32()).AsSingle(),
        (a.C.AsUInt32() + b.C.AsUInt32()).AsSingle(),
        (a.D.AsUInt32() + b.D.AsUInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 MultiplyBits(Quad128 a, Quad128 b)
        => new(
        (a.A.AsUInt32() * b.A.AsUInt32()).AsSingle(),
        (a.B.AsUInt32() * b.B.AsUInt32()).AsSingle(),
        (a.C.AsUInt32() * b.C.AsUInt32()).AsSingle(),
        (a.D.AsUInt32() * b.D.AsUInt32()).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 XorShift(Quad128 a, int count)
        => new(
        (a.A.AsUInt32() ^ (a.A.AsUInt32() >> count)).AsSingle(),
        (a.B.AsUInt32() ^ (a.B.AsUInt32() >> count)).AsSingle(),
        (a.C.AsUInt32() ^ (a.C.AsUInt32() >> count)).AsSingle(),
        (a.D.AsUInt32() ^ (a.D.AsUInt32() >> count)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 SelectBelow(Quad128 a, Quad128 b, Quad128 yes, Quad128 no)
        => new(
        Vector128.ConditionalSelect(Vector128.LessThan(a.A.AsUInt32(), b.A.AsUInt32()).AsSingle(), yes.A, no.A),
        Vector128.ConditionalSelect(Vector128.LessThan(a.B.AsUInt32(), b.B.AsUInt32()).AsSingle(), yes.B, no.B),
        Vector128.ConditionalSelect(Vector128.LessThan(a.C.AsUInt32(), b.C.AsUInt32()).AsSingle(), yes.C, no.C),
        Vector128.ConditionalSelect(Vector128.LessThan(a.D.AsUInt32(), b.D.AsUInt32()).AsSingle(), yes.D, no.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint BitsAbove(Quad128 a, Quad128 b) =>
        ~(AtMost(a.A, b.A) | (AtMost(a.B, b.B) << 4) | (AtMost(a.C, b.C) << 8) | (AtMost(a.D, b.D) << 12)) & 0xFFFF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint AtMost(Vector128<float> a, Vector128<float> b) => Vector128.LessThanOrEqual(a, b).ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 SelectBits(uint bits, Quad128 yes, Quad128 no) => new(
        SelectFour(bits, yes.A, no.A),
        SelectFour(bits >> 4, yes.B, no.B),
        SelectFour(bits >> 8, yes.C, no.C),
        SelectFour(bits >> 12, yes.D, no.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> SelectFour(uint bits, Vector128<float> yes, Vector128<float> no)
    {
        Vector128<uint> unset = Vector128.Equals(Vector128.Create(bits) & Vector128.Create(1u, 2, 4, 8), Vector128<uint>.Zero);
        return Vector128.ConditionalSelect(unset.AsSingle(), no, yes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad128 SwapPairs(Quad128 a)
    {
        Vector128<int> order = Vector128.Create(1, 0, 3, 2);
        return new(Vector128.Shuffle(a.A, order), Vector128.Shuffle(a.B, order), Vector128.Shuffle(a.C, order), Vector128.Shuffle(a.D, order));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Quad128 a) => SumFour((a.A + a.C) + (a.B + a.D));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(Quad128 a)
        => MaxFour(Vector128.MaxNative(Vector128.MaxNative(a.A, a.C), Vector128.MaxNative(a.B, a.D)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float SumFour(Vector128<float> a)
    {
        Vector128<float> two = a + Vector128.Shuffle(a, Vector128.Create(2, 3, 0, 1));
        return two[0] + two[1];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float MaxFour(Vector128<float> a)
    {
        Vector128<float> two = Vector128.MaxNative(a, Vector128.Shuffle(a, Vector128.Create(2, 3, 0, 1)));
        return two[0] > two[1] ? two[0] : two[1];
    }
}
