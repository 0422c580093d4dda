using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>
/// AFT-full's averages: feature i of position t is Σ e^(k[t', i] + w[t, t'])·v[t', i] over the sum of the weights (Zhai et al.
/// 2021, arXiv 2105.14103). A weight is a product, e^(w − c)·e^(k − m), with c and m the maxima of a block of 32 keys: so
/// exponentials are taken once per key and once per bias, and a tile is multiplications alone. Where c and m belong to
/// different keys and all products of a block come out tiny, the block is done again with an exponential per weight.
/// </summary>
[SkipLocalsInit]
internal static unsafe partial class AttentionFreeTile
{
    /// <summary>Keys in a block, and positions in a stripe.</summary>
    internal const int Block = 32;

    // A block whose weights add up to less than this, relative to e^(c + m), has lost accuracy to underflow: 2^-60.
    private const float TooSmall = 8.673617e-19f;

    /// <summary>The averages of positions <paramref name="begin"/> to the last, and what the backward step asks for.</summary>
    /// <param name="pool">The threads.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="k">[batch, seq, dim].</param>
    /// <param name="v">[batch, seq, dim].</param>
    /// <param name="bias">w for at least seq positions.</param>
    /// <param name="begin">The first position that is asked for; it and those after it have the bits that they have among all.</param>
    /// <param name="destination">[batch, seq − begin, dim].</param>
    /// <param name="norms">[batch, seq − begin, 2, dim]: a bound of k + w that is near the greatest, and the sum of e^(k + w − bound).</param>
    public static void Forward(WorkerPool pool, in AttentionFreeShape shape, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        in PositionBiasRows bias, int begin, Span<float> destination, Span<float> norms)
    {
        int count = checked(shape.Batch * shape.Seq * shape.Dim), asked = shape.Batch * (shape.Seq - begin) * shape.Dim;
        if (asked == 0) return;
        using Scratch scratch = new(pool, shape);
        fixed (float* key = k[..count], value = v[..count], target = destination[..asked], norm = norms[..(2 * asked)])
        {
            Work work = new(shape, key, value, scratch) { Begin = begin };
            KeysJob keys = new(work);
            pool.RunIfLarge(ref keys, shape.Batch * work.Blocks, (long)count * VectorMath.ExpWork);
            for (int first = begin / Block * Block; first < shape.Seq; first += Block)
            {
                work = work.At(first);
                Prepare(pool, work, bias, scratch);
                ForwardJob job = new(work, target, norm);
                pool.RunIfLarge(ref job, shape.Batch * shape.Groups, 2L * shape.Batch * shape.Dim * work.Rows * work.Columns);
            }
        }
    }

    /// <summary>Lays out the biases of a stripe and their exponentials.</summary>
    private static void Prepare(WorkerPool pool, in Work work, in PositionBiasRows bias, Scratch scratch)
    {
        int rows = work.Rows - work.Skipped;
        bias.Spread(pool, work.First + work.Skipped, rows, work.Columns, scratch.Stripe(work.Columns)[(work.Skipped * work.Columns)..]);
        WeightsJob weights = new(work);
        pool.RunIfLarge(ref weights, rows, (long)rows * work.Columns * VectorMath.ExpWork);
    }

    private readonly struct KeysJob(Work work) : IPoolJob
    {
        public void Execute(int part)
        {
            if (Vector512.IsHardwareAccelerated) KeysCore<Sixteen512, Vector512<float>>(work, part);
            else if (Vector256.IsHardwareAccelerated) KeysCore<Sixteen256, Pair256>(work, part);
            else KeysCore<Sixteen128, Quad128>(work, part);
        }
    }

    private readonly struct WeightsJob(Work work) : IPoolJob
    {
        public void Execute(int part)
        {
            int row = work.Skipped + part;
            if (Vector512.IsHardwareAccelerated) WeightsCore<Sixteen512, Vector512<float>>(work, row);
            else if (Vector256.IsHardwareAccelerated) WeightsCore<Sixteen256, Pair256>(work, row);
            else WeightsCore<Sixteen128, Quad128>(work, row);
        }
    }

    private readonly struct ForwardJob(Work work, float* destination, float* norms) : IPoolJob
    {
        public void Execute(int part)
        {
            if (Vector512.IsHardwareAccelerated) ForwardCore<Sixteen512, Vector512<float>>(work, part, destination, norms);
            else if (Vector256.IsHardwareAccelerated) ForwardCore<Sixteen256, Pair256>(work, part, destination, norms);
            else ForwardCore<Sixteen128, Quad128>(work, part, destination, norms);
        }
    }

    /// <summary>The greatest key of one block of one batch row, feature by feature, and the keys' exponentials relative to it. Features beyond the last are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void KeysCore<L, V>(in Work work, int part)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int row = part / work.Blocks, block = part % work.Blocks, dim = work.Shape.Dim;
        int first = block * Block, end = Math.Min(first + Block, work.Shape.Seq);
        for (int group = 0; group < work.Shape.Groups; group++)
        {
            int lanes = work.Shape.LanesOf(group);
            float* k = work.K + (((long)row * work.Shape.Seq + first) * dim) + (group * 16), v = k + (work.V - work.K);
            V max = L.LoadPart(k, lanes, 0f);
            for (int t = 1; t < end - first; t++) max = L.Max(max, L.LoadPart(k + ((long)t * dim), lanes, 0f));
            L.Store(work.KeyMax(row, block, group), max);
            float* weight = work.KeyWeights(row, first, group), weighted = work.WeightedValues(row, first, group);
            for (int t = first; t < end; t++, k += dim, v += dim, weight += work.Width, weighted += work.Width)
            {
                V e = VectorMath.Exp<L, V>(L.Subtract(L.LoadPart(k, lanes, 0f), max));
                L.Store(weight, e);
                L.Store(weighted, L.Multiply(e, L.LoadPart(v, lanes, 0f)));
            }
        }
    }

    /// <summary>The greatest bias of one position in each block of keys, and the biases' exponentials relative to it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void WeightsCore<L, V>(in Work work, int row)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float* w = work.Biases + ((long)row * work.Columns), weights = work.BiasWeights + ((long)row * work.Columns);
        for (int first = 0; first < work.Columns; first += Block)
        {
            int rest = Math.Min(Block, work.Columns - first);
            V low = L.LoadPart(w + first, Math.Min(16, rest), float.NegativeInfinity), high = L.LoadPart(w + first + 16, Math.Max(0, rest - 16), float.NegativeInfinity);
            float max = L.MaxLane(L.Max(low, high));
            work.BiasMax(row)[first / Block] = max;
            L.StorePart(weights + first, Math.Min(16, rest), VectorMath.Exp<L, V>(L.Subtract(low, L.Create(max))));
            L.StorePart(weights + first + 16, Math.Max(0, rest - 16), VectorMath.Exp<L, V>(L.Subtract(high, L.Create(max))));
        }
    }

    /// <summary>The stripe's positions for one group of features of one batch row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ForwardCore<L, V>(in Work work, int part, float* destination, float* norms)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int row = part / work.Shape.Groups, group = part % work.Shape.Groups, lanes = work.Shape.LanesOf(group), dim = work.Shape.Dim;
        Sums* sums = stackalloc Sums[Block];
        for (int r = work.Skipped; r < work.Rows; r++)
        {
            L.Store(sums[r].Max, L.Create(float.NegativeInfinity));
            L.Store(sums[r].Sum, L.Create(0f));
            L.Store(sums[r].Total, L.Create(0f));
        }

        for (int block = 0; block * Block < work.Columns; block++)
        {
            if (work.IsDiagonal(block))
                for (int r = work.Skipped; r < work.Rows; r++) AddExactly<L, V>(work, row, group, r, block * Block, work.First + r + 1, sums + r);
            else
                for (int r = work.Skipped; r < work.Rows; r += 4) AddTile<L, V>(work, row, group, r, block, sums);
        }

        int wanted = Math.Max(0, work.Begin - work.First);
        long at = (((long)row * (work.Shape.Seq - work.Begin) + work.First + wanted - work.Begin) * dim) + (group * 16);
        for (int r = wanted; r < work.Rows; r++, at += dim)
        {
            V total = L.Load(sums[r].Total);
            float* norm = norms + (2 * at) - (group * 16);
            L.StorePart(destination + at, lanes, L.Divide(L.Load(sums[r].Sum), total));
            L.StorePart(norm, lanes, L.Load(sums[r].Max));
            L.StorePart(norm + dim, lanes, total);
        }
    }

    /// <summary>A block of keys for four positions from <paramref name="r"/> on; those past the end repeat the last one and are not kept.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTile<L, V>(in Work work, int row, int group, int r, int block, Sums* sums)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int first = block * Block, keys = Math.Min(Block, work.Columns - first), rows = Math.Min(4, work.Rows - r), width = work.Width;
        float* weight = work.KeyWeights(row, first, group), weighted = work.WeightedValues(row, first, group);
        float* w0 = work.BiasWeights + ((long)r * work.Columns) + first;
        float* w1 = w0 + (Math.Min(1, rows - 1) * work.Columns), w2 = w0 + (Math.Min(2, rows - 1) * work.Columns), w3 = w0 + ((rows - 1) * work.Columns);
        V zero = L.Create(0f);
        V sum0 = zero, sum1 = zero, sum2 = zero, sum3 = zero, total0 = zero, total1 = zero, total2 = zero, total3 = zero;
        for (int j = 0; j < keys; j++, weight += width, weighted += width)
        {
            V e = L.Load(weight), ev = L.Load(weighted);
            V b = L.Create(w0[j]);
            sum0 = L.Fma(b, ev, sum0);
            total0 = L.Fma(b, e, total0);
            b = L.Create(w1[j]);
            sum1 = L.Fma(b, ev, sum1);
            total1 = L.Fma(b, e, total1);
            b = L.Create(w2[j]);
            sum2 = L.Fma(b, ev, sum2);
            total2 = L.Fma(b, e, total2);
            b = L.Create(w3[j]);
            sum3 = L.Fma(b, ev, sum3);
            total3 = L.Fma(b, e, total3);
        }

        Merge<L, V>(work, row, group, r, block, sum0, total0, sums);
        if (rows > 1) Merge<L, V>(work, row, group, r + 1, block, sum1, total1, sums);
        if (rows > 2) Merge<L, V>(work, row, group, r + 2, block, sum2, total2, sums);
        if (rows > 3) Merge<L, V>(work, row, group, r + 3, block, sum3, total3, sums);
    }

    /// <summary>Joins a block's sums, relative to e^(c + m), with those of the blocks before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Merge<L, V>(in Work work, int row, int group, int r, int block, V sum, V total, Sums* sums)
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (L.MaxLane(L.Multiply(total, L.Create(-1f))) > -TooSmall)
        {
            int end = Math.Min((block + 1) * Block, work.Columns);
            AddExactly<L, V>(work, row, group, r, block * Block, end, sums + r);
            return;
        }

        V own = L.Add(L.Load(work.KeyMax(row, block, group)), L.Create(work.BiasMax(r)[block])), before = L.Load(sums[r].Max);
        V max = L.SelectLess(before, own, own, before);
        V old = VectorMath.Exp<L, V>(L.Subtract(before, max)), fresh = VectorMath.Exp<L, V>(L.Subtract(own, max));
        L.Store(sums[r].Max, max);
        L.Store(sums[r].Sum, L.Fma(sum, fresh, L.Multiply(L.Load(sums[r].Sum), old)));
        L.Store(sums[r].Total, L.Fma(total, fresh, L.Multiply(L.Load(sums[r].Total), old)));
    }

    /// <summary>Keys <paramref name="first"/> up to, without, <paramref name="end"/> for one position, with an exponential for each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddExactly<L, V>(in Work work, int row, int group, int r, int first, int end, Sums* own)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int lanes = work.Shape.LanesOf(group), dim = work.Shape.Dim;
        float* w = work.Biases + ((long)r * work.Columns), k = work.Key(row, first, group), v = k + (work.V - work.K);
        V max = L.Load(own->Max), sum = L.Load(own->Sum), total = L.Load(own->Total);
        for (int t = first; t < end; t++, k += dim, v += dim)
            AttentionFreeScan.Add<L, V>(L.Add(L.LoadPart(k, lanes, 0f), L.Create(w[t])), L.LoadPart(v, lanes, 0f), ref max, ref sum, ref total);
        L.Store(own->Max, max);
        L.Store(own->Sum, sum);
        L.Store(own->Total, total);
    }

    /// <summary>What one position has seen so far of sixteen features.</summary>
    internal struct Sums
    {
        public fixed float Max[16];
        public fixed float Sum[16];
        public fixed float Total[16];
    }
}
