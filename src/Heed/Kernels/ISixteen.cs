namespace Heed.Kernels;

/// <summary>Sixteen float lanes on some instruction set; a kernel written over it gives the same bits on every one.</summary>
/// <typeparam name="V">The register type that holds the sixteen lanes.</typeparam>
internal unsafe interface ISixteen<V>
    where V : unmanaged
{
    /// <summary>The number of lanes: the same on every instruction set, so that sums have one order.</summary>
    const int Count = 16;

    static abstract V Create(float value);

    static abstract V Load(float* source);

    /// <summary>Loads the first <paramref name="count"/> (0 to 16) lanes and touches no memory beyond; the rest are <paramref name="fill"/>.</summary>
    static abstract V LoadPart(float* source, int count, float fill);

    /// <summary>Loads eight floats, each into two neighbouring lanes.</summary>
    static abstract V LoadTwice(float* source);

    /// <summary>Loads sixteen binary16 numbers, exact for every bit pattern but the payloads of NaN.</summary>
    static abstract V LoadHalf(ushort* source);

    /// <summary>The same numbers as <see cref="LoadHalf"/>; quicker where few of them are zero or subnormal.</summary>
    static abstract V LoadNormalHalf(ushort* source);

    /// <summary>Loads sixteen bfloat16 numbers.</summary>
    static abstract V LoadBFloat(ushort* source);

    /// <summary>Loads sixteen signed bytes.</summary>
    static abstract V LoadSigned(sbyte* source);

    static abstract void Store(float* destination, V value);

    static abstract void StorePart(float* destination, int count, V value);

    static abstract V Add(V a, V b);

    static abstract V Subtract(V a, V b);

    static abstract V Multiply(V a, V b);

    static abstract V Divide(V a, V b);

    /// <summary>a * b + c, rounded once.</summary>
    static abstract V Fma(V a, V b, V c);

    /// <summary>The greater lane; where either is NaN, either may come out.</summary>
    static abstract V Max(V a, V b);

    static abstract V Abs(V a);

    /// <summary>The lanes of <paramref name="magnitude"/> with the signs of <paramref name="sign"/>.</summary>
    static abstract V CopySign(V magnitude, V sign);

    /// <summary>a less than b ? yes : no, lane by lane; NaN gives no.</summary>
    static abstract V SelectLess(V a, V b, V yes, V no);

    /// <summary>Keeps lanes first up to but excluding end; the others become <paramref name="fill"/>.</summary>
    static abstract V KeepRange(V a, int first, int end, float fill);

    /// <summary>Adds the integer in the low bits of <paramref name="shift"/> to the exponent of <paramref name="a"/>.</summary>
    static abstract V AddExponent(V a, V shift);

    /// <summary>Sixteen lanes of the same 32 bits.</summary>
    static abstract V CreateBits(uint value);

    /// <summary>a + b as unsigned integers, modulo 2^32.</summary>
    static abstract V AddBits(V a, V b);

    /// <summary>a * b as unsigned integers, modulo 2^32.</summary>
    static abstract V MultiplyBits(V a, V b);

    /// <summary>a ^ (a >> count) as unsigned integers.</summary>
    static abstract V XorShift(V a, int count);

    /// <summary>a less than b ? yes : no, lane by lane, a and b as unsigned integers.</summary>
    static abstract V SelectBelow(V a, V b, V yes, V no);

    /// <summary>Bit l of <paramref name="bits"/> set ? yes : no, lane by lane.</summary>
    static abstract V SelectBits(uint bits, V yes, V no);

    /// <summary>Bit l is set where a lane is greater than the one of <paramref name="b"/>, or either is NaN.</summary>
    static abstract uint BitsAbove(V a, V b);

    /// <summary>Swaps lanes 0 and 1, 2 and 3, and so on.</summary>
    static abstract V SwapPairs(V a);

    /// <summary>Sums in the tree (l, l + 8), (l, l + 4), (l, l + 2), (l, l + 1).</summary>
    static abstract float Sum(V a);

    /// <summary>The greatest lane.</summary>
    static abstract float MaxLane(V a);
}
