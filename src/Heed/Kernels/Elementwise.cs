using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <summary>Sums, products and soft caps of spans; single correctly rounded operations do not depend on the length.</summary>
internal static class Elementwise
{
    /// <summary>destination = a + b; in place is allowed.</summary>
    public static void Add(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> destination)
        => TensorPrimitives.Add(a, b, destination);

    /// <summary>destination = a * b; in place is allowed.</summary>
    public static void Multiply(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> destination)
        => TensorPrimitives.Multiply(a, b, destination);

    /// <summary>destination = x * factor; in place is allowed.</summary>
    public static void Scale(ReadOnlySpan<float> x, float factor, Span<float> destination)
        => TensorPrimitives.Multiply(x, factor, destination);

    /// <summary>destination = e^x.</summary>
    public static void Exp(ReadOnlySpan<float> x, Span<float> destination) => Map.Run<ExpMap>(x, destination);

    /// <summary>destination = cap * tanh(x / cap), as Gemma 2 caps its logits; in place is allowed.</summary>
    public static void SoftCap(ReadOnlySpan<float> x, float cap, Span<float> destination)
        => Map.Run<SoftCapMap>(x, destination, cap);

    internal readonly struct ExpMap : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant)
            where L : ISixteen<V>
            where V : unmanaged
            => VectorMath.Exp<L, V>(x);

        public static float Apply(float x, float constant) => VectorMath.Exp(x);
    }

    internal readonly struct ErfMap : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant)
            where L : ISixteen<V>
            where V : unmanaged
            => VectorMath.Erf<L, V>(x);

        public static float Apply(float x, float constant) => VectorMath.Erf(x);
    }

    internal readonly struct SoftCapMap : IMap
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Apply<L, V>(V x, V constant)
            where L : ISixteen<V>
            where V : unmanaged
            => L.Multiply(VectorMath.Tanh<L, V>(L.Divide(x, constant)), constant);

        public static float Apply(float x, float constant) => VectorMath.Tanh(x / constant) * constant;
    }
}
