using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <content>
/// The gradients. With M and Σ of a position's norms, the upstream g and the average y: u = g/Σ, dv = Σ e^(k + w − M)·u and
/// dk = v·dv − Σ e^(k + w − M)·u·y over the positions t that see the key. Those whose windows it is not in share sums of
/// e^(−M)·u and e^(−M)·u·y, relative to the least M, which is no less than the key.
/// </content>
internal static unsafe partial class AttentionFreeBand
{
    // Positions that a part of the biases' gradient takes.
    private const int Stretch = 8;

    /// <summary>dk and dv are overwritten; the gradient of the band, [positions, 2·window − 1], is added to, or left out where empty.</summary>
    public static void Backward(WorkerPool pool, in AttentionFreeShape shape, ReadOnlySpan<float> k, ReadOnlySpan<float> v, in PositionBiasRows bias,
        ReadOnlySpan<float> average, ReadOnlySpan<float> norms, ReadOnlySpan<float> gradient, Span<float> dk, Span<float> dv, Span<float> dBand)
    {
        int count = checked(shape.Batch * shape.Seq * shape.Dim);
        if (count == 0) return;
        fixed (float* key = k[..count], value = v[..count], band = bias.Left, mean = average[..count], norm = norms[..(2 * count)], upstream = gradient[..count])
        fixed (float* toKey = dk[..count], toValue = dv[..count], toBand = dBand.IsEmpty ? dBand : dBand[..(shape.Seq * bias.Stride)])
        {
            Work work = new(shape, bias, band, key, value);
            Given given = new(mean, norm, upstream);
            long exponentials = (long)count * Math.Min(work.Width, shape.Seq) * VectorMath.ExpWork;
            BackwardJob job = new(pool, work, given, toKey, toValue);
            pool.RunIfLarge(ref job, shape.Batch * shape.Groups, exponentials);
            if (toBand == null) return;
            BandJob biases = new(pool, work, given, toBand);
            pool.RunIfLarge(ref biases, (shape.Seq + Stretch - 1) / Stretch, exponentials);
        }
    }

    /// <summary>What the forward step gave, and the gradient of its result.</summary>
    internal readonly struct Given(float* average, float* norms, float* upstream)
    {
        public float* Average { get; } = average;

        public float* Norms { get; } = norms;

        public float* Upstream { get; } = upstream;
    }

    /// <summary>The floats that <see cref="BackwardCore"/> needs for itself.</summary>
    internal static long BackwardFloats(in AttentionFreeShape shape) => 48L * shape.Seq * (shape.Causal ? 1 : 2);

    /// <summary>The floats that <see cref="BandCore"/> needs for itself.</summary>
    internal static long BandFloats(in Work work) => 16L * Math.Min(work.Width, work.Shape.Seq);

    private readonly struct BackwardJob(WorkerPool pool, Work work, Given given, float* dk, float* dv) : IPoolJob
    {
        public void Execute(int part)
        {
            NativeBuffer scratch = pool.Scratch.Rent(BackwardFloats(work.Shape) * sizeof(float));
            float* own = (float*)scratch.Pointer;
            if (Vector512.IsHardwareAccelerated) BackwardCore<Sixteen512, Vector512<float>>(part, work, given, dk, dv, own);
            else if (Vector256.IsHardwareAccelerated) BackwardCore<Sixteen256, Pair256>(part, work, given, dk, dv, own);
            else BackwardCore<Sixteen128, Quad128>(part, work, given, dk, dv, own);
            pool.Scratch.Return(scratch);
        }
    }

    private readonly struct BandJob(WorkerPool pool, Work work, Given given, float* dBand) : IPoolJob
    {
        public void Execute(int part)
        {
            NativeBuffer scratch = pool.Scratch.Rent(BandFloats(work) * sizeof(float));
            float* own = (float*)scratch.Pointer;
            if (Vector512.IsHardwareAccelerated) BandCore<Sixteen512, Vector512<float>>(part, work, given, dBand, own);
            else if (Vector256.IsHardwareAccelerated) BandCore<Sixteen256, Pair256>(part, work, given, dBand, own);
            else BandCore<Sixteen128, Quad128>(part, work, given, dBand, own);
            pool.Scratch.Return(scratch);
        }
    }

    /// <summary>dk and dv of one group of one batch row; <paramref name="scratch"/> holds <see cref="BackwardFloats"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void BackwardCore<L, V>(int part, in Work work, in Given given, float* dk, float* dv, float* scratch)
        where L : ISixteen<V>
        where V : unmanaged
    {
        AttentionFreeShape shape = work.Shape;
        int row = part / shape.Groups, group = part % shape.Groups, lanes = shape.LanesOf(group), seq = shape.Seq, window = work.Window;
        float* asked = scratch, earlier = asked + (48L * seq);
        for (int t = 0; t < seq; t++) Store<L, V>(AskedBy<L, V>(work, given, row, group, t), asked + (48L * t));
        Sums<V> none = Sums<V>.Of(L.Create(float.NegativeInfinity), L.Create(0f)), later = none, sums = none;
        for (int t = 0; t < seq && !shape.Causal; t++)
        {
            sums = Add<L, V>(sums, Load<L, V>(asked + (48L * t)));
            Store<L, V>(sums, earlier + (48L * t));
        }

        for (int j = seq - 1; j >= 0; j--)
        {
            long at = work.Start(row, group) + ((long)j * shape.Dim);
            V key = L.LoadPart(work.K + at, lanes, 0f), value = L.LoadPart(work.V + at, lanes, 0f);
            if ((long)j + window < seq) later = Add<L, V>(later, Load<L, V>(asked + (48L * (j + window))));
            Sums<V> far = shape.Causal || j < window ? none : Load<L, V>(earlier + (48L * (j - window)));
            V ofLater = VectorMath.Exp<L, V>(L.Add(key, later.Max)), ofFar = VectorMath.Exp<L, V>(L.Add(key, far.Max));
            V own = L.Fma(ofLater, later.Sum, L.Multiply(ofFar, far.Sum)), means = L.Fma(ofLater, later.Total, L.Multiply(ofFar, far.Total));
            int first = shape.Causal ? j : Math.Max(0, j - window + 1), last = (int)Math.Min(seq - 1, (long)j + window - 1);
            float* w = work.Bias(first, j), near = asked + (48L * first);
            for (int t = first; t <= last; t++, near += 48, w += work.Stride - 1)
            {
                V weight = VectorMath.Exp<L, V>(L.Add(L.Add(key, L.Create(*w)), L.Load(near)));
                own = L.Fma(weight, L.Load(near + 16), own);
                means = L.Fma(weight, L.Load(near + 32), means);
            }

            L.StorePart(dv + at, lanes, own);
            L.StorePart(dk + at, lanes, L.Subtract(L.Multiply(value, own), means));
        }
    }

    /// <summary>−M, u and u·y of a position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Sums<V> AskedBy<L, V>(in Work work, in Given given, int row, int group, int t)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int lanes = work.Shape.LanesOf(group), dim = work.Shape.Dim;
        long at = work.Start(row, group) + ((long)t * dim);
        float* norm = given.Norms + (2 * (work.Start(row, 0) + ((long)t * dim))) + (group * 16);
        V upstream = L.Divide(L.LoadPart(given.Upstream + at, lanes, 0f), L.LoadPart(norm + dim, lanes, 1f));
        return new Sums<V>
        {
            Max = L.Subtract(L.Create(0f), L.LoadPart(norm, lanes, 0f)),
            Sum = upstream,
            Total = L.Multiply(upstream, L.LoadPart(given.Average + at, lanes, 0f)),
        };
    }

    /// <summary>Adds what another position asks for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Sums<V> Add<L, V>(in Sums<V> sums, in Sums<V> one)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V less = VectorMath.Exp<L, V>(L.Multiply(L.Abs(L.Subtract(one.Max, sums.Max)), L.Create(-1f)));
        V old = L.SelectLess(sums.Max, one.Max, less, L.Create(1f)), fresh = L.SelectLess(sums.Max, one.Max, L.Create(1f), less);
        return new Sums<V>
        {
            Max = L.SelectLess(sums.Max, one.Max, one.Max, sums.Max),
            Sum = L.Fma(fresh, one.Sum, L.Multiply(sums.Sum, old)),
            Total = L.Fma(fresh, one.Total, L.Multiply(sums.Total, old)),
        };
    }

    /// <summary>The biases' gradients of some positions, over all rows and features in rising order; <paramref name="scratch"/> holds <see cref="BandFloats"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void BandCore<L, V>(int part, in Work work, in Given given, float* dBand, float* scratch)
        where L : ISixteen<V>
        where V : unmanaged
    {
        AttentionFreeShape shape = work.Shape;
        for (int t = part * Stretch; t < Math.Min((part + 1) * Stretch, shape.Seq); t++)
        {
            (int first, int last) = work.Near(t, shape.Seq);
            new Span<float>(scratch, (last - first + 1) * 16).Clear();
            for (int row = 0; row < shape.Batch; row++)
                for (int group = 0; group < shape.Groups; group++) AddProducts<L, V>(work, given, row, group, t, first, last, scratch);
            float* target = dBand + ((long)t * work.Stride) + (first - t + work.Window - 1);
            for (int j = 0; j <= last - first; j++) target[j] += L.Sum(L.Load(scratch + (j * 16L)));
        }
    }

    /// <summary>products[j] += e^(k + w − M)·u·(v − y) for the keys of a position's window, lane by lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddProducts<L, V>(in Work work, in Given given, int row, int group, int t, int first, int last, float* products)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int lanes = work.Shape.LanesOf(group), dim = work.Shape.Dim;
        long at = work.Start(row, group) + ((long)t * dim);
        float* norm = given.Norms + (2 * (work.Start(row, 0) + ((long)t * dim))) + (group * 16);
        // Lanes without a feature get no weight.
        V max = L.LoadPart(norm, lanes, float.PositiveInfinity), average = L.LoadPart(given.Average + at, lanes, 0f);
        V upstream = L.Divide(L.LoadPart(given.Upstream + at, lanes, 0f), L.LoadPart(norm + dim, lanes, 1f));
        float* w = work.Bias(t, first), k = work.K + at + ((long)(first - t) * dim), v = k + (work.V - work.K);
        for (int j = 0; j <= last - first; j++, k += dim, v += dim, products += 16)
        {
            V weight = VectorMath.Exp<L, V>(L.Subtract(L.Add(L.LoadPart(k, lanes, 0f), L.Create(w[j])), max));
            V centred = L.Subtract(L.LoadPart(v, lanes, 0f), average);
            L.Store(products, L.Fma(L.Multiply(weight, upstream), centred, L.Load(products)));
        }
    }
}
