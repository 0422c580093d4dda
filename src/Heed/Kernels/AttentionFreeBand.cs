using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>
/// AFT-local's averages (Zhai et al. 2021, arXiv 2105.14103) in time seq·window·dim. Keys outside of a position's window have
/// no bias, so that positions share their sums: those of all keys before it, and after it where it sees both ways, run along.
/// The window's keys are weighed one by one and added to these; nothing is ever subtracted, and each sum is relative to its
/// own greatest exponent.
/// </summary>
[SkipLocalsInit]
internal static unsafe partial class AttentionFreeBand
{
    /// <summary>The averages, and what the backward step asks for.</summary>
    /// <param name="pool">The threads; sixteen features of a row are a part.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="k">[batch, seq, dim].</param>
    /// <param name="v">[batch, seq, dim].</param>
    /// <param name="bias">A band, for at least as many positions as there are.</param>
    /// <param name="positions">[batch, seq]: with a state, where each token stands; −1 is padding, which nobody sees and which gets zeros. Empty for 0 on.</param>
    /// <param name="state">[batch, <see cref="StateRows"/>, dim], for causal shapes: of keys before the last ones the greatest, Σ e^(k − greatest)·v and Σ e^(k − greatest), then the last window − 1 keys, then their values; zeros to begin with, overwritten. Empty for none.</param>
    /// <param name="destination">[batch, seq, dim].</param>
    /// <param name="norms">[batch, seq, 2, dim]: the greatest k + w, and the sum of e^(k + w − greatest).</param>
    public static void Forward(WorkerPool pool, in AttentionFreeShape shape, ReadOnlySpan<float> k, ReadOnlySpan<float> v, in PositionBiasRows bias,
        ReadOnlySpan<int> positions, Span<float> state, Span<float> destination, Span<float> norms)
    {
        int count = checked(shape.Batch * shape.Seq * shape.Dim);
        if (count == 0) return;
        fixed (float* key = k[..count], value = v[..count], band = bias.Left, target = destination[..count], norm = norms[..(2 * count)])
        fixed (float* past = state.IsEmpty ? state : state[..(shape.Batch * StateRows(Reach(bias)) * shape.Dim)])
        fixed (int* places = positions.IsEmpty ? positions : positions[..(shape.Batch * shape.Seq)])
        {
            Work work = new(shape, bias, band, key, value);
            ForwardJob job = new(pool, work, places, past, target, norm);
            pool.RunIfLarge(ref job, shape.Batch * shape.Groups, (long)count * Math.Min(work.Width, shape.Seq) * VectorMath.ExpWork);
        }
    }

    /// <summary>The rows of a state for a band that reaches so many positions back, a position's own included.</summary>
    public static int StateRows(int reach) => 3 + (2 * (reach - 1));

    private static int Reach(in PositionBiasRows bias) => Math.Min(bias.Window, bias.Left.Length / bias.Stride);

    /// <summary>Keys, values and biases.</summary>
    internal readonly struct Work(AttentionFreeShape shape, in PositionBiasRows bias, float* band, float* k, float* v)
    {
        public AttentionFreeShape Shape { get; } = shape;

        /// <summary>w[t, t'] at [t, t' − t + window − 1].</summary>
        public float* Band { get; } = band;

        public int Stride { get; } = bias.Stride;

        public int Window { get; } = bias.Window;

        /// <summary>The keys that a state must keep one by one.</summary>
        public int Kept { get; } = Reach(bias) - 1;

        /// <summary>The keys of a window.</summary>
        public int Width => Shape.Causal ? Window : (2 * Window) - 1;

        public float* K { get; } = k;

        public float* V { get; } = v;

        /// <summary>The first feature of a group of a row.</summary>
        public long Start(int row, int group) => ((long)row * Shape.Seq * Shape.Dim) + (group * 16);

        /// <summary>The first and the last position of a position's window, of <paramref name="seq"/> that there are.</summary>
        public (int First, int Last) Near(int position, int seq) =>
            (Math.Max(0, position - Window + 1), Shape.Causal ? position : (int)Math.Min(seq - 1, (long)position + Window - 1));

        /// <summary>Where w of a position and a key in its window stands.</summary>
        public float* Bias(int position, int key) => Band + ((long)position * Stride) + (key - position + Window - 1);

        /// <summary>The floats that <see cref="ForwardCore"/> needs for itself.</summary>
        public long ForwardFloats => 16L * ((2L * (Kept + Shape.Seq)) + (Shape.Causal ? 0 : 3L * Shape.Seq));
    }

    private readonly struct ForwardJob(WorkerPool pool, Work work, int* positions, float* state, float* destination, float* norms) : IPoolJob
    {
        public void Execute(int part)
        {
            NativeBuffer scratch = pool.Scratch.Rent(work.ForwardFloats * sizeof(float));
            float* own = (float*)scratch.Pointer;
            if (Vector512.IsHardwareAccelerated) ForwardCore<Sixteen512, Vector512<float>>(part, work, positions, state, destination, norms, own);
            else if (Vector256.IsHardwareAccelerated) ForwardCore<Sixteen256, Pair256>(part, work, positions, state, destination, norms, own);
            else ForwardCore<Sixteen128, Quad128>(part, work, positions, state, destination, norms, own);
            pool.Scratch.Return(scratch);
        }
    }

    /// <summary>One group of one batch row; positions and state may be null, <paramref name="scratch"/> holds <see cref="Work.ForwardFloats"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ForwardCore<L, V>(int part, in Work work, int* positions, float* state, float* destination, float* norms, float* scratch)
        where L : ISixteen<V>
        where V : unmanaged
    {
        AttentionFreeShape shape = work.Shape;
        int row = part / shape.Groups, group = part % shape.Groups, lanes = shape.LanesOf(group), dim = shape.Dim, kept = work.Kept;
        Debug.Assert(row < shape.Batch && lanes > 0, "parts are batch rows × groups");
        // Keys of one group side by side: those that are kept from earlier calls, then the row's own without padding.
        float* keys = scratch, values = keys + ((kept + shape.Seq) * 16L), after = values + ((kept + shape.Seq) * 16L);
        if (positions != null) positions += (long)row * shape.Seq;
        if (state != null) state += ((long)row * StateRows(kept + 1) * dim) + (group * 16);
        Sums<V> before = state == null ? Sums<V>.Of(L.Create(float.NegativeInfinity), L.Create(0f)) : Restore<L, V>(state, kept, lanes, dim, keys, values);
        long start = work.Start(row, group);
        int count = Stage<L, V>(shape, lanes, positions, work.K + start, keys + (kept * 16L));
        Stage<L, V>(shape, lanes, positions, work.V + start, values + (kept * 16L));
        if (!shape.Causal) SumFromTheEnd<L, V>(keys + (kept * 16L), values + (kept * 16L), shape.Seq, after);
        destination += start;
        norms += (2 * work.Start(row, 0)) + (group * 16);
        for (int t = 0, i = 0; t < shape.Seq; t++, destination += dim, norms += 2L * dim)
        {
            if (positions != null && positions[t] < 0)
            {
                Write<L, V>(Sums<V>.Of(L.Create(0f), L.Create(0f)), L.Create(1f), lanes, dim, destination, norms);
                continue;
            }

            int position = positions == null ? t : positions[t];
            (int first, int last) = work.Near(position, shape.Seq);
            Sums<V> sums = before;
            if (!shape.Causal && (long)position + work.Window < shape.Seq) sums = Join<L, V>(before, Load<L, V>(after + ((position + work.Window) * 48L)));
            long at = (kept + i - (position - first)) * 16L;
            AddNear<L, V>(keys + at, values + at, work.Bias(position, first), last - first + 1, ref sums);
            Write<L, V>(sums, sums.Total, lanes, dim, destination, norms);
            // What leaves the next position's window joins the sums; it lies window − 1 places back, so at i.
            if (position - work.Window + 1 >= 0)
                AttentionFreeScan.Add<L, V>(L.Load(keys + (i * 16L)), L.Load(values + (i * 16L)), ref before.Max, ref before.Sum, ref before.Total);
            i++;
        }

        if (state != null) Keep<L, V>(before, state, kept, lanes, dim, keys + (count * 16L), values + (count * 16L));
    }

    /// <summary>Lays a group's rows side by side, padding left out, and counts them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Stage<L, V>(in AttentionFreeShape shape, int lanes, int* positions, float* source, float* target)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int count = 0;
        for (int t = 0; t < shape.Seq; t++, source += shape.Dim)
            if (positions == null || positions[t] >= 0) L.Store(target + (count++ * 16L), L.LoadPart(source, lanes, 0f));
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Sums<V> Restore<L, V>(float* state, int kept, int lanes, int dim, float* keys, float* values)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int i = 0; i < kept; i++)
        {
            L.Store(keys + (i * 16L), L.LoadPart(state + ((3L + i) * dim), lanes, 0f));
            L.Store(values + (i * 16L), L.LoadPart(state + ((3L + kept + i) * dim), lanes, 0f));
        }

        V total = L.LoadPart(state + (2L * dim), lanes, 0f);
        V max = L.SelectLess(L.Create(0f), total, L.LoadPart(state, lanes, 0f), L.Create(float.NegativeInfinity));
        return new Sums<V> { Max = max, Sum = L.LoadPart(state + dim, lanes, 0f), Total = total };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Keep<L, V>(in Sums<V> before, float* state, int kept, int lanes, int dim, float* keys, float* values)
        where L : ISixteen<V>
        where V : unmanaged
    {
        L.StorePart(state, lanes, before.Max);
        L.StorePart(state + dim, lanes, before.Sum);
        L.StorePart(state + (2L * dim), lanes, before.Total);
        for (int i = 0; i < kept; i++)
        {
            L.StorePart(state + ((3L + i) * dim), lanes, L.Load(keys + (i * 16L)));
            L.StorePart(state + ((3L + kept + i) * dim), lanes, L.Load(values + (i * 16L)));
        }
    }

    /// <summary>after[t] = the sums over the keys t to the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SumFromTheEnd<L, V>(float* keys, float* values, int seq, float* after)
        where L : ISixteen<V>
        where V : unmanaged
    {
        Sums<V> sums = Sums<V>.Of(L.Create(float.NegativeInfinity), L.Create(0f));
        for (int t = seq - 1; t >= 0; t--)
        {
            AttentionFreeScan.Add<L, V>(L.Load(keys + (t * 16L)), L.Load(values + (t * 16L)), ref sums.Max, ref sums.Sum, ref sums.Total);
            Store<L, V>(sums, after + (t * 48L));
        }
    }

    /// <summary>Adds the keys of a window, each with an exponential of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddNear<L, V>(float* keys, float* values, float* w, int count, ref Sums<V> sums)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V max = sums.Max;
        for (int j = 0; j < count; j++) max = L.Max(max, L.Add(L.Load(keys + (j * 16L)), L.Create(w[j])));
        V old = VectorMath.Exp<L, V>(L.Subtract(sums.Max, max)), sum = L.Multiply(sums.Sum, old), total = L.Multiply(sums.Total, old);
        for (int j = 0; j < count; j++)
        {
            V weight = VectorMath.Exp<L, V>(L.Subtract(L.Add(L.Load(keys + (j * 16L)), L.Create(w[j])), max));
            sum = L.Fma(weight, L.Load(values + (j * 16L)), sum);
            total = L.Add(total, weight);
        }

        sums = new Sums<V> { Max = max, Sum = sum, Total = total };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Sums<V> Join<L, V>(in Sums<V> a, in Sums<V> b)
        where L : ISixteen<V>
        where V : unmanaged
    {
        // Where a is empty its maximum is -inf, and b's is a key's.
        V max = L.SelectLess(a.Max, b.Max, b.Max, a.Max), ofA = VectorMath.Exp<L, V>(L.Subtract(a.Max, max)), ofB = VectorMath.Exp<L, V>(L.Subtract(b.Max, max));
        return new Sums<V> { Max = max, Sum = L.Fma(a.Sum, ofA, L.Multiply(b.Sum, ofB)), Total = L.Fma(a.Total, ofA, L.Multiply(b.Total, ofB)) };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write<L, V>(in Sums<V> sums, V total, int lanes, int dim, float* destination, float* norms)
        where L : ISixteen<V>
        where V : unmanaged
    {
        L.StorePart(destination, lanes, L.Divide(sums.Sum, total));
        L.StorePart(norms, lanes, sums.Max);
        L.StorePart(norms + dim, lanes, total);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Sums<V> Load<L, V>(float* source)
        where L : ISixteen<V>
        where V : unmanaged => new() { Max = L.Load(source), Sum = L.Load(source + 16), Total = L.Load(source + 32) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<L, V>(in Sums<V> sums, float* target)
        where L : ISixteen<V>
        where V : unmanaged
    {
        L.Store(target, sums.Max);
        L.Store(target + 16, sums.Sum);
        L.Store(target + 32, sums.Total);
    }

    /// <summary>Two sums relative to the greatest exponent so far.</summary>
    private struct Sums<V>
        where V : unmanaged
    {
        public V Max, Sum, Total;

        public static Sums<V> Of(V max, V sum) => new() { Max = max, Sum = sum, Total = sum };
    }
}
