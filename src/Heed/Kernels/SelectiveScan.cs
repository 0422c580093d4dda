using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>
/// Mamba's scan (Gu and Dao 2023, arXiv 2312.00752): with Δ = softplus(delta), state n of a channel follows
/// h = e^(Δ·A[n])·h + Δ·B[n]·x, and y = Σ C[n]·h + D·x. Lanes are channels; states never leave the first cache.
/// </summary>
[SkipLocalsInit]
internal static unsafe partial class SelectiveScan
{
    /// <summary>What the scan reads.</summary>
    internal readonly struct Inputs(float* x, float* delta, float* a, float* b, float* c, float* skip)
    {
        /// <summary>[batch, seq, channels].</summary>
        public float* X { get; } = x;

        /// <summary>[batch, seq, channels], before softplus.</summary>
        public float* Delta { get; } = delta;

        /// <summary>[states, channels], below 0.</summary>
        public float* A { get; } = a;

        /// <summary>[batch, seq, states].</summary>
        public float* B { get; } = b;

        /// <summary>[batch, seq, states].</summary>
        public float* C { get; } = c;

        /// <summary>D, [channels].</summary>
        public float* Skip { get; } = skip;
    }

    /// <summary>All channels of all rows.</summary>
    /// <param name="pool">The threads; sixteen channels of a row are a part.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="x">[batch, seq, channels].</param>
    /// <param name="delta">[batch, seq, channels], before softplus.</param>
    /// <param name="a">[states, channels].</param>
    /// <param name="b">[batch, seq, states].</param>
    /// <param name="c">[batch, seq, states].</param>
    /// <param name="skip">D, [channels].</param>
    /// <param name="positions">[batch, seq]: −1 for padding, which changes no state and gets zeros; empty for none, as where there is a backward pass.</param>
    /// <param name="state">h, [batch, states, channels], overwritten with the last one; empty for zeros that are not kept.</param>
    /// <param name="destination">[batch, seq, channels].</param>
    /// <param name="checkpoints">[batch, chunks, states, channels]: h before each chunk; empty where there is no backward pass.</param>
    public static void Forward(WorkerPool pool, in SelectiveScanShape shape, ReadOnlySpan<float> x, ReadOnlySpan<float> delta, ReadOnlySpan<float> a,
        ReadOnlySpan<float> b, ReadOnlySpan<float> c, ReadOnlySpan<float> skip, ReadOnlySpan<int> positions, Span<float> state, Span<float> destination, Span<float> checkpoints)
    {
        int count = checked(shape.Batch * shape.Seq * shape.Channels), shared = checked(shape.Batch * shape.Seq * shape.States), size = shape.States * shape.Channels;
        if (count == 0) return;
        fixed (float* px = x[..count], pd = delta[..count], pa = a[..size], pb = b[..shared], pc = c[..shared], ps = skip[..shape.Channels])
        fixed (float* past = state.IsEmpty ? state : state[..(shape.Batch * size)], target = destination[..count], kept = checkpoints.IsEmpty ? checkpoints : checkpoints[..(shape.Batch * shape.Chunks * size)])
        fixed (int* places = positions.IsEmpty ? positions : positions[..(shape.Batch * shape.Seq)])
        {
            ForwardJob job = new(shape, new Inputs(px, pd, pa, pb, pc, ps), places, past, target, kept);
            pool.RunIfLarge(ref job, shape.Batch * shape.Groups, (long)count * shape.States * VectorMath.ExpWork);
        }
    }

    private readonly struct ForwardJob(SelectiveScanShape shape, Inputs inputs, int* positions, float* state, float* destination, float* checkpoints) : IPoolJob
    {
        public void Execute(int part)
        {
            if (Vector512.IsHardwareAccelerated) ForwardCore<Sixteen512, Vector512<float>>(part, shape, inputs, positions, state, destination, checkpoints);
            else if (Vector256.IsHardwareAccelerated) ForwardCore<Sixteen256, Pair256>(part, shape, inputs, positions, state, destination, checkpoints);
            else ForwardCore<Sixteen128, Quad128>(part, shape, inputs, positions, state, destination, checkpoints);
        }
    }

    /// <summary>Sixteen channels of one row; positions, state and checkpoints may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ForwardCore<L, V>(int part, in SelectiveScanShape shape, in Inputs inputs, int* positions, float* state, float* destination, float* checkpoints)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int row = part / shape.Groups, group = part % shape.Groups, lanes = shape.LanesOf(group), channels = shape.Channels, states = shape.States;
        Debug.Assert(row < shape.Batch && states <= MaxStates, "parts are rows × groups; sizes are checked above");
        float* h = stackalloc float[states * 16], a = stackalloc float[states * 16];
        if (state != null) state += ((long)row * states * channels) + (group * 16);
        for (int n = 0; n < states; n++)
        {
            L.Store(a + (n * 16), L.LoadPart(inputs.A + (n * channels) + (group * 16), lanes, 0f));
            L.Store(h + (n * 16), state == null ? L.Create(0f) : L.LoadPart(state + (n * channels), lanes, 0f));
        }

        V skip = L.LoadPart(inputs.Skip + (group * 16), lanes, 0f);
        for (int t = 0; t < shape.Seq; t++)
        {
            if (checkpoints != null && t % SelectiveScanShape.Chunk == 0)
            {
                float* kept = checkpoints + ((((long)row * shape.Chunks) + (t / SelectiveScanShape.Chunk)) * states * channels) + (group * 16);
                for (int n = 0; n < states; n++) L.StorePart(kept + (n * channels), lanes, L.Load(h + (n * 16)));
            }

            long step = ((long)row * shape.Seq) + t, at = (step * channels) + (group * 16);
            if (positions != null && positions[step] < 0)
            {
                L.StorePart(destination + at, lanes, L.Create(0f));
                continue;
            }

            V x = L.LoadPart(inputs.X + at, lanes, 0f);
            V delta = VectorMath.Softplus<L, V>(L.LoadPart(inputs.Delta + at, lanes, 0f));
            Advance<L, V>(states, a, inputs.B + (step * states), delta, L.Multiply(delta, x), h, h);
            V y = L.Multiply(skip, x);
            float* c = inputs.C + (step * states);
            for (int n = 0; n < states; n++) y = L.Fma(L.Load(h + (n * 16)), L.Create(c[n]), y);
            L.StorePart(destination + at, lanes, y);
        }

        if (state == null) return;
        for (int n = 0; n < states; n++) L.StorePart(state + (n * channels), lanes, L.Load(h + (n * 16)));
    }

    /// <summary>The most states of a channel: they lie on the stack.</summary>
    internal const int MaxStates = 1024;

    /// <summary>One step of all states of sixteen channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Advance<L, V>(int states, float* a, float* b, V delta, V input, float* before, float* after)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int n = 0; n < states; n++)
        {
            V decay = VectorMath.Exp<L, V>(L.Multiply(delta, L.Load(a + (n * 16))));
            L.Store(after + (n * 16), L.Fma(input, L.Create(b[n]), L.Multiply(decay, L.Load(before + (n * 16)))));
        }
    }
}
