using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <content>
/// The gradients. With p = e^(k + w)/Σ, the upstream g and the average y: dv = Σ p·g and dk = Σ p·g·(v − y) over positions,
/// dw = Σ p·g·(v − y) over features and batch. p = e^(w − c)·e^(k − m)·s, and s, which position, block and feature decide,
/// goes into g beforehand.
/// </content>
internal static unsafe partial class AttentionFreeTile
{
    // Beyond this s, products of the other two factors that matter may underflow: 2^60.
    private const float TooLarge = 1.1529215e18f;

    /// <summary>dk and dv are overwritten; the gradients of the biases, which may be left out, are added to.</summary>
    public static void Backward(WorkerPool pool, in AttentionFreeShape shape, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        in PositionBiasRows bias, ReadOnlySpan<float> average, ReadOnlySpan<float> norms, ReadOnlySpan<float> gradient,
        Span<float> dk, Span<float> dv, in PositionBiasRows dBias)
    {
        int count = checked(shape.Batch * shape.Seq * shape.Dim);
        if (count == 0) return;
        bool wantsBias = !dBias.Left.IsEmpty || !dBias.Right.IsEmpty;
        dk[..count].Clear();
        dv[..count].Clear();
        using Scratch scratch = new(pool, shape);
        NativeBuffer stripe = pool.Scratch.Rent(sizeof(float) * (wantsBias ? (long)Block * shape.Seq : 0));
        fixed (float* key = k[..count], value = v[..count], mean = average[..count], norm = norms[..(2 * count)], upstream = gradient[..count])
        fixed (float* toKey = dk[..count], toValue = dv[..count])
        {
            Work work = new(shape, key, value, scratch);
            KeysJob keys = new(work);
            pool.RunIfLarge(ref keys, shape.Batch * work.Blocks, (long)count * VectorMath.ExpWork);
            for (int first = 0; first < shape.Seq; first += Block)
            {
                work = work.At(first);
                Prepare(pool, work, bias, scratch);
                BackwardJob job = new(work, new Gradients(mean, norm, upstream, toKey, toValue, wantsBias ? (float*)stripe.Pointer : null));
                pool.RunIfLarge(ref job, (work.Columns + Block - 1) / Block, 4L * shape.Batch * shape.Dim * work.Rows * work.Columns);
                if (wantsBias) bias.Collect(pool, first, work.Rows, work.Columns, stripe.AsSpan<float>(0, work.Rows * work.Columns), dBias);
            }
        }
        pool.Scratch.Return(stripe);
    }

    /// <summary>What the forward step gave, and where gradients go; Biases is [Rows, Columns] of a stripe, or null.</summary>
    internal readonly struct Gradients(float* average, float* norms, float* upstream, float* keys, float* values, float* biases)
    {
        public float* Average { get; } = average;

        public float* Norms { get; } = norms;

        public float* Upstream { get; } = upstream;

        public float* Keys { get; } = keys;

        public float* Values { get; } = values;

        public float* Biases { get; } = biases;
    }

    private readonly struct BackwardJob(Work work, Gradients gradients) : IPoolJob
    {
        public void Execute(int part)
        {
            if (Vector512.IsHardwareAccelerated) BackwardCore<Sixteen512, Vector512<float>>(work, part, gradients);
            else if (Vector256.IsHardwareAccelerated) BackwardCore<Sixteen256, Pair256>(work, part, gradients);
            else BackwardCore<Sixteen128, Quad128>(work, part, gradients);
        }
    }

    /// <summary>One block of keys for the stripe's positions: all batch rows and features, so that no other part adds to the same sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void BackwardCore<L, V>(in Work work, int block, in Gradients gradients)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int first = block * Block, keys = Math.Min(Block, work.Columns - first);
        bool wantsBias = gradients.Biases != null;
        float* upstream = stackalloc float[Block * 32];
        float* products = stackalloc float[wantsBias ? Block * Block * 16 : 1], exact = stackalloc float[Block * Block];
        if (wantsBias)
        {
            new Span<float>(products, Block * Block * 16).Clear();
            new Span<float>(exact, Block * Block).Clear();
        }

        for (int row = 0; row < work.Shape.Batch; row++)
        {
            for (int group = 0; group < work.Shape.Groups; group++)
            {
                for (int r = 0; r < work.Rows; r++)
                {
                    if (Scale<L, V>(work, row, group, r, block, gradients, upstream + (r * 32))) continue;
                    int end = work.IsDiagonal(block) ? work.First + r + 1 : first + keys;
                    BackExactly<L, V>(work, row, group, r, first, end, gradients, exact + (r * Block));
                }

                if (work.IsDiagonal(block)) continue;
                for (int j = 0; j < keys; j += 4) BackTile<L, V>(work, row, group, first + j, Math.Min(4, keys - j), gradients, upstream);
                if (wantsBias) AddProducts<L, V>(work, row, group, first, keys, upstream, products);
            }
        }

        if (!wantsBias) return;
        for (int r = 0; r < work.Rows; r++)
        {
            long at = ((long)r * work.Columns) + first;
            for (int j = 0; j < keys; j++)
                gradients.Biases[at + j] = MathF.FusedMultiplyAdd(work.BiasWeights[at + j], L.Sum(L.Load(products + (((r * Block) + j) * 16))), exact[(r * Block) + j]);
        }
    }

    /// <summary>s·g and −s·g·y of one position; false, and zeros, where the weights must be taken one by one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Scale<L, V>(in Work work, int row, int group, int r, int block, in Gradients gradients, float* upstream)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int lanes = work.Shape.LanesOf(group), dim = work.Shape.Dim;
        long position = (long)row * work.Shape.Seq + work.First + r, at = (position * dim) + (group * 16);
        float* norm = gradients.Norms + (position * 2 * dim) + (group * 16);
        bool tiled = !work.IsDiagonal(block);
        V own = L.Create(0f), means = own;
        if (tiled)
        {
            V top = L.Add(L.Load(work.KeyMax(row, block, group)), L.Create(work.BiasMax(r)[block]));
            V s = L.Divide(VectorMath.Exp<L, V>(L.Subtract(top, L.LoadPart(norm, lanes, float.PositiveInfinity))), L.LoadPart(norm + dim, lanes, 1f));
            tiled = !(L.MaxLane(s) > TooLarge);
            if (tiled)
            {
                own = L.Multiply(s, L.LoadPart(gradients.Upstream + at, lanes, 0f));
                means = L.Multiply(L.Multiply(own, L.LoadPart(gradients.Average + at, lanes, 0f)), L.Create(-1f));
            }
        }

        L.Store(upstream, own);
        L.Store(upstream + 16, means);
        return tiled;
    }

    /// <summary>dk and dv of up to four keys from <paramref name="key"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BackTile<L, V>(in Work work, int row, int group, int key, int keys, in Gradients gradients, float* upstream)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int one = Math.Min(1, keys - 1), two = Math.Min(2, keys - 1), three = keys - 1;
        float* w = work.BiasWeights + key;
        V zero = L.Create(0f);
        V sum0 = zero, sum1 = zero, sum2 = zero, sum3 = zero, mean0 = zero, mean1 = zero, mean2 = zero, mean3 = zero;
        for (int r = 0; r < work.Rows; r++, w += work.Columns, upstream += 32)
        {
            V own = L.Load(upstream), means = L.Load(upstream + 16);
            V b = L.Create(w[0]);
            sum0 = L.Fma(b, own, sum0);
            mean0 = L.Fma(b, means, mean0);
            b = L.Create(w[one]);
            sum1 = L.Fma(b, own, sum1);
            mean1 = L.Fma(b, means, mean1);
            b = L.Create(w[two]);
            sum2 = L.Fma(b, own, sum2);
            mean2 = L.Fma(b, means, mean2);
            b = L.Create(w[three]);
            sum3 = L.Fma(b, own, sum3);
            mean3 = L.Fma(b, means, mean3);
        }

        AddKey<L, V>(work, row, group, key, L.Load(work.KeyWeights(row, key, group)), sum0, mean0, gradients);
        if (keys > 1) AddKey<L, V>(work, row, group, key + 1, L.Load(work.KeyWeights(row, key + 1, group)), sum1, mean1, gradients);
        if (keys > 2) AddKey<L, V>(work, row, group, key + 2, L.Load(work.KeyWeights(row, key + 2, group)), sum2, mean2, gradients);
        if (keys > 3) AddKey<L, V>(work, row, group, key + 3, L.Load(work.KeyWeights(row, key + 3, group)), sum3, mean3, gradients);
    }

    /// <summary>dv += weight·sum, dk += weight·(v·sum + means).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddKey<L, V>(in Work work, int row, int group, int key, V weight, V sum, V means, in Gradients gradients)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int lanes = work.Shape.LanesOf(group);
        long at = (((long)row * work.Shape.Seq + key) * work.Shape.Dim) + (group * 16);
        float* dv = gradients.Values + at, dk = gradients.Keys + at;
        L.StorePart(dv, lanes, L.Fma(weight, sum, L.LoadPart(dv, lanes, 0f)));
        L.StorePart(dk, lanes, L.Fma(weight, L.Fma(L.LoadPart(work.V + at, lanes, 0f), sum, means), L.LoadPart(dk, lanes, 0f)));
    }

    /// <summary>products[r, j] += e^(k − m)·v·own + e^(k − m)·means: dw without e^(w − c), lane by lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddProducts<L, V>(in Work work, int row, int group, int first, int keys, float* upstream, float* products)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float* weights = work.KeyWeights(row, first, group), weighted = work.WeightedValues(row, first, group);
        for (int r = 0; r < work.Rows; r++, upstream += 32, products += Block * 16)
        {
            V own = L.Load(upstream), means = L.Load(upstream + 16);
            for (int j = 0; j < keys; j++)
            {
                V product = L.Fma(L.Load(weights + (j * work.Width)), means, L.Load(products + (j * 16)));
                L.Store(products + (j * 16), L.Fma(L.Load(weighted + (j * work.Width)), own, product));
            }
        }
    }

    /// <summary>Keys <paramref name="first"/> up to, without, <paramref name="end"/> for one position, with an exponential for each weight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackExactly<L, V>(in Work work, int row, int group, int r, int first, int end, in Gradients gradients, float* exact)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int lanes = work.Shape.LanesOf(group), dim = work.Shape.Dim;
        long position = (long)row * work.Shape.Seq + work.First + r, at = (position * dim) + (group * 16);
        float* norm = gradients.Norms + (position * 2 * dim) + (group * 16), w = work.Biases + ((long)r * work.Columns);
        // Lanes without a feature get no weight.
        V max = L.LoadPart(norm, lanes, float.PositiveInfinity);
        V upstream = L.Divide(L.LoadPart(gradients.Upstream + at, lanes, 0f), L.LoadPart(norm + dim, lanes, 1f));
        V average = L.LoadPart(gradients.Average + at, lanes, 0f), means = L.Multiply(L.Multiply(upstream, average), L.Create(-1f));
        for (int t = first; t < end; t++)
        {
            float* k = work.Key(row, t, group);
            V weight = VectorMath.Exp<L, V>(L.Subtract(L.Add(L.LoadPart(k, lanes, 0f), L.Create(w[t])), max));
            AddKey<L, V>(work, row, group, t, weight, upstream, means, gradients);
            if (gradients.Biases == null) continue;
            V centred = L.Subtract(L.LoadPart(k + (work.V - work.K), lanes, 0f), average);
            exact[t - first] += L.Sum(L.Multiply(L.Multiply(weight, upstream), centred));
        }
    }
}
