using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <content>
/// The gradients. The states are computed a second time, chunk by chunk from the last to the first, and what arrives at them
/// goes back in time: dh = C·dy + e^(Δ·A) of the next step times its dh.
/// </content>
internal static unsafe partial class SelectiveScan
{
    /// <summary>All gradients, all overwritten, of a scan that began with zeros.</summary>
    public static void Backward(WorkerPool pool, in SelectiveScanShape shape, ReadOnlySpan<float> x, ReadOnlySpan<float> delta, ReadOnlySpan<float> a,
        ReadOnlySpan<float> b, ReadOnlySpan<float> c, ReadOnlySpan<float> skip, ReadOnlySpan<float> checkpoints, ReadOnlySpan<float> gradient,
        Span<float> dx, Span<float> dDelta, Span<float> da, Span<float> db, Span<float> dc, Span<float> dSkip)
    {
        int count = checked(shape.Batch * shape.Seq * shape.Channels), shared = checked(shape.Batch * shape.Seq * shape.States), size = shape.States * shape.Channels;
        da.Clear();
        db.Clear();
        dc.Clear();
        dSkip.Clear();
        if (count == 0) return;
        // What several parts add to, each writes to a place of its own first.
        NativeBuffer sums = pool.Scratch.Rent(sizeof(float) * ((2L * shape.Parts * shared) + ((long)shape.Batch * (size + shape.Channels))));
        float* toB = (float*)sums.Pointer, toC = toB + ((long)shape.Parts * shared), toA = toC + ((long)shape.Parts * shared), toSkip = toA + ((long)shape.Batch * size);
        fixed (float* px = x[..count], pd = delta[..count], pa = a[..size], pb = b[..shared], pc = c[..shared], ps = skip[..shape.Channels])
        fixed (float* kept = checkpoints[..(shape.Batch * shape.Chunks * size)], upstream = gradient[..count], toX = dx[..count], toDelta = dDelta[..count])
        {
            BackwardJob job = new(pool, shape, new Inputs(px, pd, pa, pb, pc, ps), kept, upstream, new Gradients(toX, toDelta, toA, toB, toC, toSkip));
            pool.RunIfLarge(ref job, shape.Batch * shape.Parts, 2L * count * shape.States * VectorMath.ExpWork);
        }

        ColumnSums.Add(new ReadOnlySpan<float>(toB, shape.Parts * shared), shape.Parts, db[..shared]);
        ColumnSums.Add(new ReadOnlySpan<float>(toC, shape.Parts * shared), shape.Parts, dc[..shared]);
        ColumnSums.Add(new ReadOnlySpan<float>(toA, shape.Batch * size), shape.Batch, da[..size]);
        ColumnSums.Add(new ReadOnlySpan<float>(toSkip, shape.Batch * shape.Channels), shape.Batch, dSkip[..shape.Channels]);
        pool.Scratch.Return(sums);
    }

    /// <summary>Where gradients go; those that are summed later by batch row, A and Skip, or by part, B and C.</summary>
    internal readonly struct Gradients(float* x, float* delta, float* a, float* b, float* c, float* skip)
    {
        /// <summary>[batch, seq, channels].</summary>
        public float* X { get; } = x;

        /// <summary>[batch, seq, channels].</summary>
        public float* Delta { get; } = delta;

        /// <summary>[batch, states, channels].</summary>
        public float* A { get; } = a;

        /// <summary>[parts, batch, seq, states].</summary>
        public float* B { get; } = b;

        /// <summary>[parts, batch, seq, states].</summary>
        public float* C { get; } = c;

        /// <summary>[batch, channels].</summary>
        public float* Skip { get; } = skip;
    }

    /// <summary>The floats that <see cref="BackwardCore"/> needs for itself.</summary>
    internal static long ScratchFloats(int states) => 16L * states * ((3 * SelectiveScanShape.Chunk) + 1 + (3 * SelectiveScanShape.GroupsPerPart));

    private readonly struct BackwardJob(WorkerPool pool, SelectiveScanShape shape, Inputs inputs, float* checkpoints, float* gradient, Gradients gradients) : IPoolJob
    {
        public void Execute(int part)
        {
            NativeBuffer scratch = pool.Scratch.Rent(ScratchFloats(shape.States) * sizeof(float));
            float* own = (float*)scratch.Pointer;
            if (Vector512.IsHardwareAccelerated) BackwardCore<Sixteen512, Vector512<float>>(part, shape, inputs, checkpoints, gradient, gradients, own);
            else if (Vector256.IsHardwareAccelerated) BackwardCore<Sixteen256, Pair256>(part, shape, inputs, checkpoints, gradient, gradients, own);
            else BackwardCore<Sixteen128, Quad128>(part, shape, inputs, checkpoints, gradient, gradients, own);
            pool.Scratch.Return(scratch);
        }
    }

    /// <summary>Some groups of channels of one row; <paramref name="scratch"/> holds <see cref="ScratchFloats"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void BackwardCore<L, V>(int part, in SelectiveScanShape shape, in Inputs inputs, float* checkpoints, float* gradient, in Gradients gradients, float* scratch)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int row = part / shape.Parts, states = shape.States, size = states * 16, first = part % shape.Parts * SelectiveScanShape.GroupsPerPart;
        int groups = Math.Min(SelectiveScanShape.GroupsPerPart, shape.Groups - first);
        float* history = scratch, toB = history + ((SelectiveScanShape.Chunk + 1) * size), toC = toB + (SelectiveScanShape.Chunk * size);
        float* toState = toC + (SelectiveScanShape.Chunk * size), toA = toState + (SelectiveScanShape.GroupsPerPart * size), a = toA + (SelectiveScanShape.GroupsPerPart * size);
        new Span<float>(toState, 2 * SelectiveScanShape.GroupsPerPart * size).Clear();
        V* toSkip = stackalloc V[SelectiveScanShape.GroupsPerPart];
        for (int g = 0; g < groups; g++)
        {
            toSkip[g] = L.Create(0f);
            for (int n = 0; n < states; n++)
                L.Store(a + (g * size) + (n * 16), L.LoadPart(inputs.A + (n * shape.Channels) + ((first + g) * 16), shape.LanesOf(first + g), 0f));
        }

        for (int chunk = shape.Chunks - 1; chunk >= 0; chunk--)
        {
            int start = chunk * SelectiveScanShape.Chunk, steps = Math.Min(SelectiveScanShape.Chunk, shape.Seq - start);
            new Span<float>(toB, 2 * SelectiveScanShape.Chunk * size).Clear();
            for (int g = 0; g < groups; g++)
            {
                Replay<L, V>(shape, inputs, checkpoints, row, first + g, chunk, a + (g * size), history);
                for (int s = steps - 1; s >= 0; s--)
                    BackStep<L, V>(shape, inputs, gradient, gradients, row, first + g, start + s, a + (g * size), history + (s * size),
                        toState + (g * size), toA + (g * size), toB + (s * size), toC + (s * size), ref toSkip[g]);
            }

            long at = ((((long)part % shape.Parts * shape.Batch) + row) * shape.Seq + start) * states;
            for (int i = 0; i < steps * states; i++)
            {
                gradients.B[at + i] = L.Sum(L.Load(toB + (i * 16)));
                gradients.C[at + i] = L.Sum(L.Load(toC + (i * 16)));
            }
        }

        for (int g = 0; g < groups; g++)
        {
            int lanes = shape.LanesOf(first + g), channel = (first + g) * 16;
            for (int n = 0; n < states; n++)
                L.StorePart(gradients.A + ((((long)row * states) + n) * shape.Channels) + channel, lanes, L.Load(toA + (g * size) + (n * 16)));
            L.StorePart(gradients.Skip + ((long)row * shape.Channels) + channel, lanes, toSkip[g]);
        }
    }

    /// <summary>The states of a chunk: before its first step, and after each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Replay<L, V>(in SelectiveScanShape shape, in Inputs inputs, float* checkpoints, int row, int group, int chunk, float* a, float* history)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int states = shape.States, channels = shape.Channels, lanes = shape.LanesOf(group), start = chunk * SelectiveScanShape.Chunk;
        float* kept = checkpoints + ((((long)row * shape.Chunks) + chunk) * states * channels) + (group * 16);
        for (int n = 0; n < states; n++) L.Store(history + (n * 16), L.LoadPart(kept + (n * channels), lanes, 0f));
        for (int t = start; t < Math.Min(start + SelectiveScanShape.Chunk, shape.Seq); t++, history += states * 16)
        {
            long step = ((long)row * shape.Seq) + t, at = (step * channels) + (group * 16);
            V delta = VectorMath.Softplus<L, V>(L.LoadPart(inputs.Delta + at, lanes, 0f));
            Advance<L, V>(states, a, inputs.B + (step * states), delta, L.Multiply(delta, L.LoadPart(inputs.X + at, lanes, 0f)), history, history + (states * 16));
        }
    }

    /// <summary>One step back for sixteen channels, whose states before and after it lie at <paramref name="history"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BackStep<L, V>(in SelectiveScanShape shape, in Inputs inputs, float* gradient, in Gradients gradients, int row, int group, int t,
        float* a, float* history, float* toState, float* toA, float* toB, float* toC, ref V toSkip)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int states = shape.States, lanes = shape.LanesOf(group);
        long step = ((long)row * shape.Seq) + t, at = (step * shape.Channels) + (group * 16);
        float* b = inputs.B + (step * states), c = inputs.C + (step * states);
        V raw = L.LoadPart(inputs.Delta + at, lanes, 0f), delta = VectorMath.Softplus<L, V>(raw);
        V x = L.LoadPart(inputs.X + at, lanes, 0f), upstream = L.LoadPart(gradient + at, lanes, 0f), input = L.Multiply(delta, x);
        V toInput = L.Create(0f), toDelta = toInput;
        for (int n = 0; n < states; n++)
        {
            int place = n * 16;
            V rate = L.Load(a + place), decay = VectorMath.Exp<L, V>(L.Multiply(delta, rate));
            V own = L.Fma(L.Create(c[n]), upstream, L.Load(toState + place));
            L.Store(toC + place, L.Fma(upstream, L.Load(history + (states * 16) + place), L.Load(toC + place)));
            L.Store(toB + place, L.Fma(own, input, L.Load(toB + place)));
            toInput = L.Fma(own, L.Create(b[n]), toInput);
            V back = L.Multiply(own, decay), toExponent = L.Multiply(back, L.Load(history + place));
            toDelta = L.Fma(toExponent, rate, toDelta);
            L.Store(toA + place, L.Fma(toExponent, delta, L.Load(toA + place)));
            L.Store(toState + place, back);
        }

        toSkip = L.Fma(upstream, x, toSkip);
        V direct = L.Multiply(upstream, L.LoadPart(inputs.Skip + (group * 16), lanes, 0f));
        L.StorePart(gradients.X + at, lanes, L.Fma(toInput, delta, direct));
        L.StorePart(gradients.Delta + at, lanes, L.Multiply(L.Fma(toInput, x, toDelta), VectorMath.Sigmoid<L, V>(raw)));
    }
}
