using System.Runtime.CompilerServices;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>Sixteen plain floats.</summary>
[InlineArray(16)]
internal struct SixteenFloats
{
    private float _first;
}

/// <summary>
/// The scalar twin of every kernel that is written over lanes: the same operations, one float at a time and without any
/// vector instruction.
/// </summary>
internal readonly unsafe struct ScalarSixteen : ISixteen<SixteenFloats>
{
    private static SixteenFloats Each(SixteenFloats a, SixteenFloats b, Func<float, float, float> function)
    {
        for (int i = 0; i < 16; i++) a[i] = function(a[i], b[i]);
        return a;
    }

    private static SixteenFloats EachBits(SixteenFloats a, SixteenFloats b, Func<uint, uint, uint> function)
    {
        for (int i = 0; i < 16; i++) a[i] = BitConverter.UInt32BitsToSingle(function(BitConverter.SingleToUInt32Bits(a[i]), BitConverter.SingleToUInt32Bits(b[i])));
        return a;
    }

    public static SixteenFloats Create(float value)
    {
        SixteenFloats lanes = default;
        for (int i = 0; i < 16; i++) lanes[i] = value;
        return lanes;
    }

    public static SixteenFloats Load(float* source) => LoadPart(source, 16, 0f);

    public static SixteenFloats LoadPart(float* source, int count, float fill)
    {
        SixteenFloats lanes = Create(fill);
        for (int i = 0; i < count; i++) lanes[i] = source[i];
        return lanes;
    }

    public static SixteenFloats LoadTwice(float* source)
    {
        SixteenFloats lanes = default;
        for (int i = 0; i < 16; i++) lanes[i] = source[i / 2];
        return lanes;
    }

    public static SixteenFloats LoadNormalHalf(ushort* source) => LoadHalf(source);

    public static SixteenFloats LoadHalf(ushort* source)
    {
        SixteenFloats lanes = default;
        for (int i = 0; i < 16; i++) lanes[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
        return lanes;
    }

    public static SixteenFloats LoadBFloat(ushort* source)
    {
        SixteenFloats lanes = default;
        for (int i = 0; i < 16; i++) lanes[i] = BitConverter.Int32BitsToSingle(source[i] << 16);
        return lanes;
    }

    public static SixteenFloats LoadSigned(sbyte* source)
    {
        SixteenFloats lanes = default;
        for (int i = 0; i < 16; i++) lanes[i] = source[i];
        return lanes;
    }

    public static void Store(float* destination, SixteenFloats value) => StorePart(destination, 16, value);

    public static void StorePart(float* destination, int count, SixteenFloats value)
    {
        for (int i = 0; i < count; i++) destination[i] = value[i];
    }

    public static SixteenFloats Add(SixteenFloats a, SixteenFloats b) => Each(a, b, (x, y) => x + y);

    public static SixteenFloats Subtract(SixteenFloats a, SixteenFloats b) => Each(a, b, (x, y) => x - y);

    public static SixteenFloats Multiply(SixteenFloats a, SixteenFloats b) => Each(a, b, (x, y) => x * y);

    public static SixteenFloats Divide(SixteenFloats a, SixteenFloats b) => Each(a, b, (x, y) => x / y);

    public static SixteenFloats Fma(SixteenFloats a, SixteenFloats b, SixteenFloats c)
    {
        for (int i = 0; i < 16; i++) c[i] = MathF.FusedMultiplyAdd(a[i], b[i], c[i]);
        return c;
    }

    public static SixteenFloats Max(SixteenFloats a, SixteenFloats b) => Each(a, b, (x, y) => x > y ? x : y);

    public static SixteenFloats Abs(SixteenFloats a) => Each(a, a, (x, _) => MathF.Abs(x));

    public static SixteenFloats CopySign(SixteenFloats magnitude, SixteenFloats sign) => Each(magnitude, sign, MathF.CopySign);

    public static SixteenFloats SelectLess(SixteenFloats a, SixteenFloats b, SixteenFloats yes, SixteenFloats no)
    {
        for (int i = 0; i < 16; i++) no[i] = a[i] < b[i] ? yes[i] : no[i];
        return no;
    }

    public static SixteenFloats KeepRange(SixteenFloats a, int first, int end, float fill)
    {
        for (int i = 0; i < 16; i++) a[i] = i >= first && i < end ? a[i] : fill;
        return a;
    }

    public static SixteenFloats AddExponent(SixteenFloats a, SixteenFloats shift) => EachBits(a, shift, (x, y) => x + (y << 23));

    public static SixteenFloats CreateBits(uint value) => Create(BitConverter.UInt32BitsToSingle(value));

    public static SixteenFloats AddBits(SixteenFloats a, SixteenFloats b) => EachBits(a, b, (x, y) => x + y);

    public static SixteenFloats MultiplyBits(SixteenFloats a, SixteenFloats b) => EachBits(a, b, (x, y) => x * y);

    public static SixteenFloats XorShift(SixteenFloats a, int count) => EachBits(a, a, (x, _) => x ^ (x >> count));

    public static SixteenFloats SelectBelow(SixteenFloats a, SixteenFloats b, SixteenFloats yes, SixteenFloats no)
    {
        for (int i = 0; i < 16; i++) no[i] = BitConverter.SingleToUInt32Bits(a[i]) < BitConverter.SingleToUInt32Bits(b[i]) ? yes[i] : no[i];
        return no;
    }

    public static uint BitsAbove(SixteenFloats a, SixteenFloats b)
    {
        uint bits = 0;
        for (int i = 0; i < 16; i++) bits |= a[i] <= b[i] ? 0 : 1u << i;
        return bits;
    }

    public static SixteenFloats SelectBits(uint bits, SixteenFloats yes, SixteenFloats no)
    {
        for (int i = 0; i < 16; i++) no[i] = ((bits >> i) & 1) != 0 ? yes[i] : no[i];
        return no;
    }

    public static SixteenFloats SwapPairs(SixteenFloats a)
    {
        for (int i = 0; i < 16; i += 2) (a[i], a[i + 1]) = (a[i + 1], a[i]);
        return a;
    }

    public static float Sum(SixteenFloats a)
    {
        for (int width = 8; width > 0; width /= 2)
            for (int i = 0; i < width; i++) a[i] += a[i + width];
        return a[0];
    }

    public static float MaxLane(SixteenFloats a)
    {
        float max = a[0];
        for (int i = 1; i < 16; i++) max = a[i] > max ? a[i] : max;
        return max;
    }
}
