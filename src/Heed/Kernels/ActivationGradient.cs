using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>The gradients of activation functions, plain and gated.</summary>
internal static unsafe partial class ActivationGradient
{
    /// <summary>dx[i] = dy[i] * act'(x[i]); <paramref name="beta"/> matters to Swish alone; dx may be x or dy.</summary>
    public static void Apply(ActivationKind kind, ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx, float beta = 1f)
    {
        switch (kind)
        {
            case ActivationKind.Relu: Run<Slopes.Relu>(x, dy, dx); break;
            case ActivationKind.Silu: Run<Slopes.Silu>(x, dy, dx); break;
            case ActivationKind.Gelu: Run<Slopes.Gelu>(x, dy, dx); break;
            case ActivationKind.GeluTanh: Run<Slopes.GeluTanh>(x, dy, dx); break;
            case ActivationKind.Swish: Run<Slopes.Swish>(x, dy, dx, beta); break;
            case ActivationKind.Sigmoid: Run<Slopes.Sigmoid>(x, dy, dx); break;
            default: throw new ArgumentOutOfRangeException(nameof(kind), $"ActivationGradient: unknown kind {kind}.");
        }
    }

    /// <summary>dx[r] = [dy * up * act'(gate) | dy * act(gate)] for x[r] = [gate | up]; dx may be x.</summary>
    public static void ApplyGated(ActivationKind kind, ReadOnlySpan<float> x, ReadOnlySpan<float> dy, int rows, int hidden, Span<float> dx, float beta = 1f)
    {
        switch (kind)
        {
            case ActivationKind.Relu: RunGated<Slopes.Relu>(x, dy, rows, hidden, dx); break;
            case ActivationKind.Silu: RunGated<Slopes.Silu>(x, dy, rows, hidden, dx); break;
            case ActivationKind.Gelu: RunGated<Slopes.Gelu>(x, dy, rows, hidden, dx); break;
            case ActivationKind.GeluTanh: RunGated<Slopes.GeluTanh>(x, dy, rows, hidden, dx); break;
            case ActivationKind.Swish: RunGated<Slopes.Swish>(x, dy, rows, hidden, dx, beta); break;
            case ActivationKind.Sigmoid: RunGated<Slopes.Sigmoid>(x, dy, rows, hidden, dx); break;
            default: throw new ArgumentOutOfRangeException(nameof(kind), $"ActivationGradient: unknown kind {kind}.");
        }
    }

    private static void Run<TSlope>(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> dx, float beta = 1f) where TSlope : struct, ISlope
    {
        int count = x.Length;
        fixed (float* source = x, upstream = dy[..count], target = dx[..count])
        {
            if (Vector512.IsHardwareAccelerated) Core<TSlope, Sixteen512, Vector512<float>>(source, upstream, target, count, beta);
            else if (Vector256.IsHardwareAccelerated) Core<TSlope, Sixteen256, Pair256>(source, upstream, target, count, beta);
            else Core<TSlope, Sixteen128, Quad128>(source, upstream, target, count, beta);
        }
    }

    private static void RunGated<TSlope>(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, int rows, int hidden, Span<float> dx, float beta = 1f) where TSlope : struct, ISlope
    {
        int count = checked(rows * hidden);
        fixed (float* source = x[..(2 * count)], upstream = dy[..count], target = dx[..(2 * count)])
        {
            if (Vector512.IsHardwareAccelerated) GatedCore<TSlope, Sixteen512, Vector512<float>>(source, upstream, target, rows, hidden, beta);
            else if (Vector256.IsHardwareAccelerated) GatedCore<TSlope, Sixteen256, Pair256>(source, upstream, target, rows, hidden, beta);
            else GatedCore<TSlope, Sixteen128, Quad128>(source, upstream, target, rows, hidden, beta);
        }
    }

    /// <summary>Reads and writes <paramref name="count"/> floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Core<TSlope, L, V>(float* x, float* dy, float* dx, int count, float beta = 1f)
        where TSlope : struct, ISlope
        where L : ISixteen<V>
        where V : unmanaged
    {
        V constant = L.Create(beta);
        for (int i = 0; i < count; i += 16)
        {
            int rest = count - i;
            V slope = TSlope.Apply<L, V>(Read<L, V>(x + i, rest), constant, out _);
            Write<L, V>(dx + i, rest, L.Multiply(Read<L, V>(dy + i, rest), slope));
        }
    }

    /// <summary>Touches rows * hidden floats of dy and twice as many of x and dx.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void GatedCore<TSlope, L, V>(float* x, float* dy, float* dx, int rows, int hidden, float beta = 1f)
        where TSlope : struct, ISlope
        where L : ISixteen<V>
        where V : unmanaged
    {
        V constant = L.Create(beta);
        for (int r = 0; r < rows; r++, x += 2L * hidden, dx += 2L * hidden, dy += hidden)
        {
            for (int i = 0; i < hidden; i += 16)
            {
                int rest = hidden - i;
                V upstream = Read<L, V>(dy + i, rest);
                V up = Read<L, V>(x + hidden + i, rest);
                V slope = TSlope.Apply<L, V>(Read<L, V>(x + i, rest), constant, out V value);
                Write<L, V>(dx + i, rest, L.Multiply(L.Multiply(upstream, up), slope));
                Write<L, V>(dx + hidden + i, rest, L.Multiply(upstream, value));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Read<L, V>(float* x, int rest, float fill = 0f)
        where L : ISixteen<V>
        where V : unmanaged
        => rest >= 16 ? L.Load(x) : L.LoadPart(x, rest, fill);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write<L, V>(float* destination, int rest, V value)
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (rest >= 16) L.Store(destination, value);
        else L.StorePart(destination, rest, value);
    }
}
