using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>
/// A short convolution of each channel with itself over time, y[t] = bias + Σ weight[j]·x[t − width + 1 + j]: nothing is seen
/// of what comes after t.
/// </summary>
internal static unsafe class CausalConvolution
{
    /// <summary>Sizes; x is contiguous, [Batch, Seq, Channels], the weights [Width, Channels].</summary>
    internal readonly record struct Sizes(int Batch, int Seq, int Channels, int Width)
    {
        public int Groups => (Channels + 15) / 16;

        public int LanesOf(int group) => Math.Min(16, Channels - (group * 16));
    }

    /// <summary>All channels of all rows.</summary>
    /// <param name="pool">The threads; sixteen channels of a row are a part.</param>
    /// <param name="sizes">The sizes.</param>
    /// <param name="x">[batch, seq, channels].</param>
    /// <param name="weight">[width, channels].</param>
    /// <param name="bias">[channels], or empty.</param>
    /// <param name="positions">[batch, seq], where there is a state: −1 for padding, which nobody sees and which gets zeros; empty for none.</param>
    /// <param name="state">[batch, width − 1, channels]: what came before x, overwritten with the last of all; empty for zeros that are not kept.</param>
    /// <param name="destination">[batch, seq, channels]; not x.</param>
    public static void Forward(WorkerPool pool, in Sizes sizes, ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias,
        ReadOnlySpan<int> positions, Span<float> state, Span<float> destination)
    {
        int count = checked(sizes.Batch * sizes.Seq * sizes.Channels);
        if (count == 0) return;
        fixed (float* source = x[..count], taps = weight[..(sizes.Width * sizes.Channels)], shift = bias.IsEmpty ? bias : bias[..sizes.Channels], target = destination[..count])
        fixed (float* past = state.IsEmpty ? state : state[..(sizes.Batch * (sizes.Width - 1) * sizes.Channels)])
        fixed (int* places = positions.IsEmpty ? positions : positions[..(sizes.Batch * sizes.Seq)])
        {
            ForwardJob job = new(sizes, source, taps, shift, places, past, target);
            pool.RunIfLarge(ref job, sizes.Batch * sizes.Groups, (long)count * sizes.Width);
        }
    }

    /// <summary>The gradients without a state: dx is overwritten, dWeight [width, channels] and dBias [channels] are added to. dBias may be empty.</summary>
    public static void Backward(WorkerPool pool, in Sizes sizes, ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> gradient,
        Span<float> dx, Span<float> dWeight, Span<float> dBias)
    {
        int count = checked(sizes.Batch * sizes.Seq * sizes.Channels);
        if (count == 0) return;
        fixed (float* source = x[..count], taps = weight[..(sizes.Width * sizes.Channels)], upstream = gradient[..count])
        fixed (float* toX = dx[..count], toTaps = dWeight[..(sizes.Width * sizes.Channels)], toShift = dBias.IsEmpty ? dBias : dBias[..sizes.Channels])
        {
            BackwardJob job = new(sizes, source, taps, upstream, toX, toTaps, toShift);
            pool.RunIfLarge(ref job, sizes.Groups, 2L * count * sizes.Width);
        }
    }

    private readonly struct ForwardJob(Sizes sizes, float* x, float* weight, float* bias, int* positions, float* state, float* destination) : IPoolJob
    {
        public void Execute(int part)
        {
            if (Vector512.IsHardwareAccelerated) ForwardCore<Sixteen512, Vector512<float>>(part, sizes, x, weight, bias, positions, state, destination);
            else if (Vector256.IsHardwareAccelerated) ForwardCore<Sixteen256, Pair256>(part, sizes, x, weight, bias, positions, state, destination);
            else ForwardCore<Sixteen128, Quad128>(part, sizes, x, weight, bias, positions, state, destination);
        }
    }

    private readonly struct BackwardJob(Sizes sizes, float* x, float* weight, float* gradient, float* dx, float* dWeight, float* dBias) : IPoolJob
    {
        public void Execute(int part)
        {
            if (Vector512.IsHardwareAccelerated) BackwardCore<Sixteen512, Vector512<float>>(part, sizes, x, weight, gradient, dx, dWeight, dBias);
            else if (Vector256.IsHardwareAccelerated) BackwardCore<Sixteen256, Pair256>(part, sizes, x, weight, gradient, dx, dWeight, dBias);
            else BackwardCore<Sixteen128, Quad128>(part, sizes, x, weight, gradient, dx, dWeight, dBias);
        }
    }

    /// <summary>Sixteen channels of one row; bias, positions and state may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ForwardCore<L, V>(int part, in Sizes sizes, float* x, float* weight, float* bias, int* positions, float* state, float* destination)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int row = part / sizes.Groups, group = part % sizes.Groups, lanes = sizes.LanesOf(group), channels = sizes.Channels, before = sizes.Width - 1;
        Debug.Assert(row < sizes.Batch, "parts are rows × groups");
        x += ((long)row * sizes.Seq * channels) + (group * 16);
        destination += ((long)row * sizes.Seq * channels) + (group * 16);
        weight += group * 16;
        if (state != null) state += ((long)row * before * channels) + (group * 16);
        V shift = bias == null ? L.Create(0f) : L.LoadPart(bias + (group * 16), lanes, 0f);
        if (positions != null)
        {
            Step<L, V>(sizes, lanes, x, weight, shift, positions + ((long)row * sizes.Seq), state, destination);
            return;
        }

        for (int t = 0; t < sizes.Seq; t++)
        {
            V sum = shift;
            for (int j = 0; j < sizes.Width; j++)
            {
                int at = t - before + j;
                // Zeros from before the beginning are multiplied as kept ones are, so that both give the same bits.
                V value = at >= 0 ? L.LoadPart(x + ((long)at * channels), lanes, 0f) : state != null ? L.LoadPart(state + ((at + before) * channels), lanes, 0f) : L.Create(0f);
                sum = L.Fma(L.LoadPart(weight + (j * channels), lanes, 0f), value, sum);
            }

            L.StorePart(destination + ((long)t * channels), lanes, sum);
        }

        if (state == null) return;
        for (int i = 0; i < before; i++)
        {
            int at = sizes.Seq - before + i;
            V value = at >= 0 ? L.LoadPart(x + ((long)at * channels), lanes, 0f) : L.LoadPart(state + ((at + before) * channels), lanes, 0f);
            L.StorePart(state + (i * channels), lanes, value);
        }
    }

    /// <summary>As the other, but token by token: padding may lie between what a token sees. State may be null where width is 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Step<L, V>(in Sizes sizes, int lanes, float* x, float* weight, V shift, int* positions, float* state, float* destination)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int channels = sizes.Channels, before = sizes.Width - 1;
        for (int t = 0; t < sizes.Seq; t++, x += channels, destination += channels)
        {
            V sum = positions[t] < 0 ? L.Create(0f) : shift;
            if (positions[t] >= 0)
            {
                for (int j = 0; j < before; j++)
                    sum = L.Fma(L.LoadPart(weight + (j * channels), lanes, 0f), L.LoadPart(state + (j * channels), lanes, 0f), sum);
                V own = L.LoadPart(x, lanes, 0f);
                sum = L.Fma(L.LoadPart(weight + (before * channels), lanes, 0f), own, sum);
                for (int j = 1; j < before; j++) L.StorePart(state + ((j - 1) * channels), lanes, L.LoadPart(state + (j * channels), lanes, 0f));
                if (before > 0) L.StorePart(state + ((before - 1) * channels), lanes, own);
            }

            L.StorePart(destination, lanes, sum);
        }
    }

    /// <summary>Sixteen channels of all rows, in rising order; dBias may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void BackwardCore<L, V>(int group, in Sizes sizes, float* x, float* weight, float* gradient, float* dx, float* dWeight, float* dBias)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int lanes = sizes.LanesOf(group), channels = sizes.Channels, before = sizes.Width - 1, first = group * 16;
        for (int row = 0; row < sizes.Batch; row++)
        {
            long start = ((long)row * sizes.Seq * channels) + first;
            for (int t = 0; t < sizes.Seq; t++)
            {
                V sum = L.Create(0f);
                for (int j = before; j >= 0 && t + before - j < sizes.Seq; j--)
                    sum = L.Fma(L.LoadPart(weight + (j * channels) + first, lanes, 0f), L.LoadPart(gradient + start + ((long)(t + before - j) * channels), lanes, 0f), sum);
                L.StorePart(dx + start + ((long)t * channels), lanes, sum);
            }

            for (int j = 0; j < sizes.Width; j++)
            {
                V sum = L.Create(0f);
                for (int t = before - j; t < sizes.Seq; t++)
                    sum = L.Fma(L.LoadPart(gradient + start + ((long)t * channels), lanes, 0f), L.LoadPart(x + start + ((long)(t - before + j) * channels), lanes, 0f), sum);
                float* tap = dWeight + (j * channels) + first;
                L.StorePart(tap, lanes, L.Add(L.LoadPart(tap, lanes, 0f), sum));
            }

            if (dBias == null) continue;
            V total = L.Create(0f);
            for (int t = 0; t < sizes.Seq; t++) total = L.Add(total, L.LoadPart(gradient + start + ((long)t * channels), lanes, 0f));
            L.StorePart(dBias + first, lanes, L.Add(L.LoadPart(dBias + first, lanes, 0f), total));
        }
    }
}
