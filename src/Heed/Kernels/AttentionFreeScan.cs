using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>
/// AFT-simple's averages Σ e^k·v / Σ e^k, feature by feature, in one sweep over the positions (Zhai et al. 2021, arXiv
/// 2105.14103). Sums are held relative to the greatest key so far, so that no exponential overflows.
/// </summary>
internal static unsafe partial class AttentionFreeScan
{
    /// <summary>
    /// One average per position if causal, else one per row of the batch.
    /// </summary>
    /// <param name="pool">The threads; a group of sixteen features is a part.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="k">[batch, seq, dim].</param>
    /// <param name="v">[batch, seq, dim].</param>
    /// <param name="positions">[batch, seq], for causal shapes: −1 for padding, which nobody sees and which gets zeros; empty for none.</param>
    /// <param name="state">[batch, 3, dim]: greatest key, Σ e^(k − greatest)·v and Σ e^(k − greatest) of earlier positions, zeros for none, overwritten with those of all; empty to begin with none.</param>
    /// <param name="destination">[batch, seq or 1, dim].</param>
    /// <param name="norms">[batch, seq or 1, 2, dim]: greatest key and Σ e^(k − greatest), which the backward step asks for.</param>
    public static void Forward(WorkerPool pool, in AttentionFreeShape shape, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<int> positions, Span<float> state, Span<float> destination, Span<float> norms)
    {
        int count = checked(shape.Batch * shape.Seq * shape.Dim), rows = checked(shape.Batch * (shape.Causal ? shape.Seq : 1) * shape.Dim);
        if (rows == 0) return;
        fixed (float* key = k[..count], value = v[..count], past = state.IsEmpty ? state : state[..(shape.Batch * 3 * shape.Dim)], target = destination[..rows], norm = norms[..(2 * rows)])
        fixed (int* places = positions.IsEmpty ? positions : positions[..(shape.Batch * shape.Seq)])
        {
            ForwardJob job = new(shape, key, value, places, past, target, norm);
            pool.RunIfLarge(ref job, shape.Batch * shape.Groups, (long)count * VectorMath.ExpWork);
        }
    }

    /// <summary>The gradients of k and v, both overwritten; <paramref name="average"/> is what <see cref="Forward"/> gave, and began with no state.</summary>
    public static void Backward(WorkerPool pool, in AttentionFreeShape shape, ReadOnlySpan<float> k, ReadOnlySpan<float> v,
        ReadOnlySpan<float> average, ReadOnlySpan<float> norms, ReadOnlySpan<float> gradient, Span<float> dk, Span<float> dv)
    {
        int count = checked(shape.Batch * shape.Seq * shape.Dim), rows = checked(shape.Batch * (shape.Causal ? shape.Seq : 1) * shape.Dim);
        if (count == 0) return;
        fixed (float* key = k[..count], value = v[..count], mean = average[..rows], norm = norms[..(2 * rows)], upstream = gradient[..rows])
        fixed (float* toKey = dk[..count], toValue = dv[..count])
        {
            BackwardJob job = new(shape, key, value, mean, norm, upstream, toKey, toValue);
            pool.RunIfLarge(ref job, shape.Batch * shape.Groups, (long)count * VectorMath.ExpWork);
        }
    }

    private readonly struct ForwardJob(AttentionFreeShape shape, float* k, float* v, int* positions, float* state, float* destination, float* norms) : IPoolJob
    {
        public void Execute(int part)
        {
            if (Vector512.IsHardwareAccelerated) ForwardCore<Sixteen512, Vector512<float>>(part, shape, k, v, positions, state, destination, norms);
            else if (Vector256.IsHardwareAccelerated) ForwardCore<Sixteen256, Pair256>(part, shape, k, v, positions, state, destination, norms);
            else ForwardCore<Sixteen128, Quad128>(part, shape, k, v, positions, state, destination, norms);
        }
    }

    private readonly struct BackwardJob(AttentionFreeShape shape, float* k, float* v, float* average, float* norms, float* gradient, float* dk, float* dv) : IPoolJob
    {
        public void Execute(int part)
        {
            if (Vector512.IsHardwareAccelerated) BackwardCore<Sixteen512, Vector512<float>>(part, shape, k, v, average, norms, gradient, dk, dv);
            else if (Vector256.IsHardwareAccelerated) BackwardCore<Sixteen256, Pair256>(part, shape, k, v, average, norms, gradient, dk, dv);
            else BackwardCore<Sixteen128, Quad128>(part, shape, k, v, average, norms, gradient, dk, dv);
        }
    }

    /// <summary>One group of one batch row; touches memory as <see cref="Forward"/> says, positions and state may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ForwardCore<L, V>(int part, in AttentionFreeShape shape, float* k, float* v, int* positions, float* state, float* destination, float* norms)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int row = part / shape.Groups, group = part % shape.Groups, lanes = shape.LanesOf(group), dim = shape.Dim, at = group * 16;
        Debug.Assert(row < shape.Batch && lanes > 0, "parts are batch rows × groups");
        V max = L.Create(float.NegativeInfinity), sum = L.Create(0f), total = L.Create(0f);
        float* past = state == null ? null : state + ((long)row * 3 * dim) + at;
        if (past != null)
        {
            sum = L.LoadPart(past + dim, lanes, 0f);
            total = L.LoadPart(past + (2 * dim), lanes, 0f);
            max = L.SelectLess(L.Create(0f), total, L.LoadPart(past, lanes, 0f), max);
        }

        k += ((long)row * shape.Seq * dim) + at;
        v += ((long)row * shape.Seq * dim) + at;
        long first = (long)row * (shape.Causal ? shape.Seq : 1) * dim;
        destination += first + at;
        norms += (2 * first) + at;
        for (int t = 0; t < shape.Seq; t++, k += dim, v += dim)
        {
            bool padding = positions != null && positions[((long)row * shape.Seq) + t] < 0;
            if (!padding) Add<L, V>(L.LoadPart(k, lanes, 0f), L.LoadPart(v, lanes, 0f), ref max, ref sum, ref total);
            if (!shape.Causal) continue;
            if (padding) Write<L, V>(L.Create(0f), L.Create(0f), L.Create(1f), lanes, dim, destination, norms);
            else Write<L, V>(max, sum, total, lanes, dim, destination, norms);
            destination += dim;
            norms += 2 * dim;
        }

        if (!shape.Causal) Write<L, V>(max, sum, total, lanes, dim, destination, norms);
        if (past == null) return;
        L.StorePart(past, lanes, max);
        L.StorePart(past + dim, lanes, sum);
        L.StorePart(past + (2 * dim), lanes, total);
    }

    /// <summary>
    /// Adds a key and its value to sums that are relative to the greatest key so far. Either the old sums shrink or the new
    /// weight is below 1, by the same exponential.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Add<L, V>(V key, V value, ref V max, ref V sum, ref V total)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V one = L.Create(1f);
        V less = VectorMath.Exp<L, V>(L.Multiply(L.Abs(L.Subtract(key, max)), L.Create(-1f)));
        V old = L.SelectLess(max, key, less, one), fresh = L.SelectLess(max, key, one, less);
        max = L.SelectLess(max, key, key, max);
        sum = L.Fma(fresh, value, L.Multiply(sum, old));
        total = L.Fma(total, old, fresh);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write<L, V>(V max, V sum, V total, int lanes, int dim, float* destination, float* norms)
        where L : ISixteen<V>
        where V : unmanaged
    {
        L.StorePart(destination, lanes, L.Divide(sum, total));
        L.StorePart(norms, lanes, max);
        L.StorePart(norms + dim, lanes, total);
    }

    /// <summary>
    /// One group of one batch row, from its last position to its first. A key weighs e^(k − max(t))/total(t) at every position
    /// t that sees it; what those ask for is summed relative to the earliest one, whose max is the least.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void BackwardCore<L, V>(int part, in AttentionFreeShape shape, float* k, float* v, float* average, float* norms, float* gradient, float* dk, float* dv)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int row = part / shape.Groups, group = part % shape.Groups, lanes = shape.LanesOf(group), dim = shape.Dim;
        int rows = shape.Causal ? shape.Seq : 1;
        V sum = L.Create(0f), means = L.Create(0f), max = L.Create(0f);
        for (int t = shape.Seq - 1; t >= 0; t--)
        {
            long at = (((long)row * shape.Seq + t) * dim) + (group * 16);
            if (shape.Causal || t == shape.Seq - 1)
            {
                long from = ((long)row * rows) + (shape.Causal ? t : 0);
                float* norm = norms + (from * 2 * dim) + (group * 16);
                from = (from * dim) + (group * 16);
                V own = L.LoadPart(norm, lanes, 0f);
                // Nothing has been summed before the last position, whose own max is as good as any.
                V shrink = t == shape.Seq - 1 ? L.Create(1f) : VectorMath.Exp<L, V>(L.Subtract(own, max));
                V upstream = L.Divide(L.LoadPart(gradient + from, lanes, 0f), L.LoadPart(norm + dim, lanes, 1f));
                sum = L.Fma(sum, shrink, upstream);
                means = L.Fma(means, shrink, L.Multiply(upstream, L.LoadPart(average + from, lanes, 0f)));
                max = own;
            }

            V weight = VectorMath.Exp<L, V>(L.Subtract(L.LoadPart(k + at, lanes, 0f), max));
            L.StorePart(dv + at, lanes, L.Multiply(weight, sum));
            V centred = L.Subtract(L.Multiply(L.LoadPart(v + at, lanes, 0f), sum), means);
            L.StorePart(dk + at, lanes, L.Multiply(weight, centred));
        }
    }
}
