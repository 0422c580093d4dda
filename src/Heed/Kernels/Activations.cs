using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <summary>Activation functions, plain and gated.</summary>
internal static class Activations
{
    private const float SqrtHalf = 0.70710678118654752f;
    private const float MinusTwoSqrtTwoOverPi = -1.5957691216057308f;
    private const float GeluCubic = 0.044715f;

    /// <summary>destination[i] = act(x[i]); <paramref name="beta"/> matters to Swish alone; in place is allowed.</summary>
    public static void Apply(ActivationKind kind, ReadOnlySpan<float> x, Span<float> destination, float beta = 1f)
    {
        switch (kind)
        {
            case ActivationKind.Relu: Map.Run<Relu>(x, destination); break;
            case ActivationKind.Silu: Map.Run<Silu>(x, destination); break;
            case ActivationKind.Swish: Map.Run<Swish>(x, destination, beta); break;
            case ActivationKind.Gelu: Map.Run<Gelu>(x, destination); break;
            case ActivationKind.GeluTanh: Map.Run<GeluTanh>(x, destination); break;
            case ActivationKind.Sigmoid: Map.Run<Sigmoid>(x, destination); break;
            case ActivationKind.Tanh: Map.Run<Tanh>(x, destination); break;
            default: throw new ArgumentOutOfRangeException(nameof(kind), $"Activations: unknown kind {kind}.");
        }
    }

    /// <summary>destination[r, i] = act(gate[r, i]) * up[r, i], where a row of <paramref name="gateUp"/> is [gate | up]: SwiGlu, GeGlu and their kin (Shazeer 2020, arXiv 2002.05202).</summary>
    public static void ApplyGated(
        ActivationKind kind, ReadOnlySpan<float> gateUp, int rows, int hidden, Span<float> destination, float beta = 1f)
    {
        switch (kind)
        {
            case ActivationKind.Relu: Map.RunGated<Relu>(gateUp, rows, hidden, destination); break;
            case ActivationKind.Silu: Map.RunGated<Silu>(gateUp, rows, hidden, destination); break;
            case ActivationKind.Swish: Map.RunGated<Swish>(gateUp, rows, hidden, destination, beta); break;
            case ActivationKind.Gelu: Map.RunGated<Gelu>(gateUp, rows, hidden, destination); break;
            case ActivationKind.GeluTanh: Map.RunGated<GeluTanh>(gateUp, rows, hidden, destination); break;
            case ActivationKind.Sigmoid: Map.RunGated<Sigmoid>(gateUp, rows, hidden, destination); break;
            case ActivationKind.Tanh: Map.RunGated<Tanh>(gateUp, rows, hidden, destination); break;
            default: throw new ArgumentOutOfRangeException(nameof(kind), $"Activations: unknown kind {kind}.");
        }
    }

    internal readonly struct Relu : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant)
            where L : ISixteen<V>
            where V : unmanaged
            => L.SelectLess(x, L.Create(0f), L.Create(0f), x);

        public static float Apply(float x, float constant) => x < 0f ? 0f : x;
    }

    internal readonly struct Silu : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant)
            where L : ISixteen<V>
            where V : unmanaged
            => L.Divide(x, L.Add(L.Create(1f), VectorMath.Exp<L, V>(L.Multiply(x, L.Create(-1f)))));

        public static float Apply(float x, float constant) => x / (1f + VectorMath.Exp(-x));
    }

    internal readonly struct Swish : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant)
            where L : ISixteen<V>
            where V : unmanaged
        {
            V minusBetaX = L.Multiply(L.Multiply(x, constant), L.Create(-1f));
            return L.Divide(x, L.Add(L.Create(1f), VectorMath.Exp<L, V>(minusBetaX)));
        }

        public static float Apply(float x, float constant) => x / (1f + VectorMath.Exp(-(x * constant)));
    }

    internal readonly struct Gelu : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant)
            where L : ISixteen<V>
            where V : unmanaged
        {
            V erf = VectorMath.Erf<L, V>(L.Multiply(x, L.Create(SqrtHalf)));
            return L.Multiply(L.Multiply(x, L.Create(0.5f)), L.Add(L.Create(1f), erf));
        }

        public static float Apply(float x, float constant) => x * 0.5f * (1f + VectorMath.Erf(x * SqrtHalf));
    }

    internal readonly struct GeluTanh : IMap
    {
        // 0.5 (1 + tanh u) = 1 / (1 + e^-2u): one exponential, and no cancellation for negative x.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant)
            where L : ISixteen<V>
            where V : unmanaged
        {
            V cubic = L.Multiply(L.Multiply(L.Multiply(x, x), x), L.Create(GeluCubic));
            V minusTwoU = L.Multiply(L.Add(x, cubic), L.Create(MinusTwoSqrtTwoOverPi));
            return L.Divide(x, L.Add(L.Create(1f), VectorMath.Exp<L, V>(minusTwoU)));
        }

        public static float Apply(float x, float constant)
            => x / (1f + VectorMath.Exp((x + (x * x * x * GeluCubic)) * MinusTwoSqrtTwoOverPi));
    }

    internal readonly struct Sigmoid : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant)
            where L : ISixteen<V>
            where V : unmanaged
            => VectorMath.Sigmoid<L, V>(x);

        public static float Apply(float x, float constant) => VectorMath.Sigmoid(x);
    }

    internal readonly struct Tanh : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant)
            where L : ISixteen<V>
            where V : unmanaged
            => VectorMath.Tanh<L, V>(x);

        public static float Apply(float x, float constant) => VectorMath.Tanh(x);
    }
}
