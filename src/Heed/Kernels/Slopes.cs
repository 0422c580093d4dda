using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <summary>The derivatives of the activation functions.</summary>
internal static class Slopes
{
    private const float SqrtHalf = 0.70710678118654752f;
    private const float InverseSqrtTwoPi = 0.39894228040143268f;
    private const float MinusTwoSqrtTwoOverPi = -1.5957691216057308f;
    private const float GeluCubic = 0.044715f;

    // Beyond |x| = 100 GELU is straight; a square above would meet a 0 as an infinity.
    private const float StraightSquare = 1e4f;

    internal readonly struct Relu : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant, out V value)
            where L : ISixteen<V>
            where V : unmanaged
        {
            V zero = L.Create(0f);
            value = L.SelectLess(x, zero, zero, x);
            return L.SelectLess(zero, x, L.Create(1f), zero);
        }

        public static float Apply(float x, float constant, out float value)
        {
            value = x < 0f ? 0f : x;
            return 0f < x ? 1f : 0f;
        }
    }

    /// <summary>σ + xσ(1 − σ).</summary>
    internal readonly struct Silu : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant, out V value)
            where L : ISixteen<V>
            where V : unmanaged
        {
            V sigmoid = VectorMath.Sigmoid<L, V>(x);
            value = L.Multiply(x, sigmoid);
            return L.Fma(value, L.Subtract(L.Create(1f), sigmoid), sigmoid);
        }

        public static float Apply(float x, float constant, out float value)
        {
            float sigmoid = VectorMath.Sigmoid(x);
            value = x * sigmoid;
            return MathF.FusedMultiplyAdd(value, 1f - sigmoid, sigmoid);
        }
    }

    /// <summary>σ + βxσ(1 − σ) with σ of βx.</summary>
    internal readonly struct Swish : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant, out V value)
            where L : ISixteen<V>
            where V : unmanaged
        {
            V scaled = L.Multiply(x, constant);
            V sigmoid = VectorMath.Sigmoid<L, V>(scaled);
            value = L.Multiply(x, sigmoid);
            return L.Fma(L.Multiply(scaled, sigmoid), L.Subtract(L.Create(1f), sigmoid), sigmoid);
        }

        public static float Apply(float x, float constant, out float value)
        {
            float scaled = x * constant, sigmoid = VectorMath.Sigmoid(scaled);
            value = x * sigmoid;
            return MathF.FusedMultiplyAdd(scaled * sigmoid, 1f - sigmoid, sigmoid);
        }
    }

    /// <summary>σ(1 − σ).</summary>
    internal readonly struct Sigmoid : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant, out V value)
            where L : ISixteen<V>
            where V : unmanaged
        {
            value = VectorMath.Sigmoid<L, V>(x);
            return L.Multiply(value, L.Subtract(L.Create(1f), value));
        }

        public static float Apply(float x, float constant, out float value)
        {
            value = VectorMath.Sigmoid(x);
            return value * (1f - value);
        }
    }

    /// <summary>Φ + xφ.</summary>
    internal readonly struct Gelu : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant, out V value)
            where L : ISixteen<V>
            where V : unmanaged
        {
            V erf = VectorMath.Erf<L, V>(L.Multiply(x, L.Create(SqrtHalf)));
            V below = L.Multiply(L.Create(0.5f), L.Add(L.Create(1f), erf));
            value = L.Multiply(x, below);
            V limit = L.Create(StraightSquare);
            V square = L.Multiply(x, x);
            square = L.SelectLess(limit, square, limit, square);
            V density = L.Multiply(VectorMath.Exp<L, V>(L.Multiply(square, L.Create(-0.5f))), L.Create(InverseSqrtTwoPi));
            return L.Fma(x, density, below);
        }

        public static float Apply(float x, float constant, out float value)
        {
            float below = 0.5f * (1f + VectorMath.Erf(x * SqrtHalf));
            value = x * below;
            float square = x * x;
            square = StraightSquare < square ? StraightSquare : square;
            float density = VectorMath.Exp(square * -0.5f) * InverseSqrtTwoPi;
            return MathF.FusedMultiplyAdd(x, density, below);
        }
    }

    /// <summary>s + xs(1 − s)·2u′ with u = √(2/π)(x + 0.044715x³) and s = ½(1 + tanh u) = σ(2u).</summary>
    internal readonly struct GeluTanh : ISlope
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant, out V value)
            where L : ISixteen<V>
            where V : unmanaged
        {
            V one = L.Create(1f), limit = L.Create(StraightSquare);
            V square = L.Multiply(x, x);
            square = L.SelectLess(limit, square, limit, square);
            V cubic = L.Multiply(L.Multiply(square, x), L.Create(GeluCubic));
            V minusTwoU = L.Multiply(L.Add(x, cubic), L.Create(MinusTwoSqrtTwoOverPi));
            V s = L.Divide(one, L.Add(one, VectorMath.Exp<L, V>(minusTwoU)));
            value = L.Multiply(x, s);
            V rise = L.Fma(square, L.Create(-3f * GeluCubic * MinusTwoSqrtTwoOverPi), L.Create(-MinusTwoSqrtTwoOverPi));
            return L.Fma(L.Multiply(value, L.Subtract(one, s)), rise, s);
        }

        public static float Apply(float x, float constant, out float value)
        {
            float square = x * x;
            square = StraightSquare < square ? StraightSquare : square;
            float s = 1f / (1f + VectorMath.Exp((x + (square * x * GeluCubic)) * MinusTwoSqrtTwoOverPi));
            value = x * s;
            float rise = MathF.FusedMultiplyAdd(square, -3f * GeluCubic * MinusTwoSqrtTwoOverPi, -MinusTwoSqrtTwoOverPi);
            return MathF.FusedMultiplyAdd(value * (1f - s), rise, s);
        }
    }
}
