using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <content>The running softmax of sixteen queries side by side.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>Turns the scores of rows r … r + 15 and keys from … to into weights, and rescales what the rows have gathered.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WeighColumn<L, V>(in AttentionArgs args, in ForwardWork work, in QueryRows rows, in ScoreTile tile, int from, int to, int r)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float* scores = work.Scores + r;
        V old = L.Load(work.Maxima + r);
        V max = FinalColumn<L, V>(args, rows, tile, scores, from, to, r, old);

        // Scores of nothing but -inf weigh nothing; subtracting -inf would make NaN of them.
        V used = L.SelectLess(max, L.Create(float.MinValue), L.Create(0f), max);
        V factor = VectorMath.Exp<L, V>(L.Subtract(old, used));
        V sum = L.Multiply(L.Load(work.Sums + r), factor);
        for (int key = from; key < to; key++)
        {
            V p = VectorMath.Exp<L, V>(L.Subtract(L.Load(scores + (key * TileRows)), used));
            sum = L.Add(sum, p);
            L.Store(scores + (key * TileRows), p);
        }

        L.Store(work.Maxima + r, max);
        L.Store(work.Sums + r, sum);
        L.Store(work.Factors + r, factor);
        if (args.DropoutRate != 0f)
        {
            DropColumn<L, V>(args, work, scores, tile.Start, from, to, r);
        }

        Rescale<L, V>(work, r);
    }

    /// <summary>Makes products the scores that the softmax sees, -inf where a key is hidden; the result is the greatest of them and <paramref name="max"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V FinalColumn<L, V>(in AttentionArgs args, in QueryRows rows, in ScoreTile tile, float* scores, int from, int to, int r, V max)
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (tile.Modified)
        {
            return ModifyColumn<L, V>(args, tile, scores, from, to, r, max);
        }

        return rows.SharedFirst <= tile.Start + from && rows.SharedEnd >= tile.Start + to && args.SoftCap == 0f
            ? ScaleColumn<L, V>(args.Scale, scores, from, to, max)
            : MaskColumn<L, V>(args, rows, scores, tile.Start, from, to, r, max);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ScaleColumn<L, V>(float by, float* scores, int from, int to, V max)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V scale = L.Create(by);
        for (int key = from; key < to; key++)
        {
            V s = L.Multiply(L.Load(scores + (key * TileRows)), scale);
            L.Store(scores + (key * TileRows), s);
            max = L.Max(max, s);
        }

        return max;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static V MaskColumn<L, V>(
        in AttentionArgs args, in QueryRows rows, float* scores, int start, int from, int to, int r, V max)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float* bounds = stackalloc float[32];
        for (int i = 0; i < 16; i++)
        {
            bounds[i] = Math.Max(rows.Begins[r + i] - start, -1);
            bounds[16 + i] = Math.Clamp(rows.Ends[r + i] - start, -1, TileKeys);
        }

        V begin = L.Load(bounds), end = L.Load(bounds + 16);
        V scale = L.Create(args.Scale), cap = L.Create(args.SoftCap), hidden = L.Create(float.NegativeInfinity);
        for (int key = from; key < to; key++)
        {
            V s = L.Multiply(L.Load(scores + (key * TileRows)), scale);
            if (args.SoftCap != 0f)
            {
                s = L.Multiply(VectorMath.Tanh<L, V>(L.Divide(s, cap)), cap);
            }

            V at = L.Create((float)key);
            s = L.SelectLess(at, begin, hidden, L.SelectLess(at, end, s, hidden));
            L.Store(scores + (key * TileRows), s);
            max = L.Max(max, s);
        }

        return max;
    }

    /// <summary>Sets the weights that are dropped to 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DropColumn<L, V>(in AttentionArgs args, in ForwardWork work, float* weights, int start, int from, int to, int r)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V keys = L.Load((float*)work.DropoutKeys + r), zero = L.Create(0f);
        V threshold = L.CreateBits(DropoutStream.Threshold(args.DropoutRate));
        for (int key = from; key < to; key++)
        {
            V draw = DropoutStream.Draw<L, V>(L.AddBits(keys, L.CreateBits((uint)(start + key) * DropoutStream.GoldenRatio)));
            float* weight = weights + (key * TileRows);
            L.Store(weight, L.SelectBelow(draw, threshold, zero, L.Load(weight)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rescale<L, V>(in ForwardWork work, int first)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int r = first; r < first + 16; r++)
        {
            if (work.Factors[r] == 1f)
            {
                continue;
            }

            V factor = L.Create(work.Factors[r]);
            float* row = work.Accumulators + (r * work.ValuePitch);
            for (int d = 0; d < work.ValuePitch; d += 16)
            {
                L.Store(row + d, L.Multiply(L.Load(row + d), factor));
            }
        }
    }

    /// <summary>Divides by the sum, and by the share that dropout keeps, and stores one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FinishForward<L, V>(in AttentionArgs args, in ForwardWork work, int batch, int head, int query, int r)
        where L : ISixteen<V>
        where V : unmanaged
    {
        float sum = work.Sums[r], max = work.Maxima[r], rescale = 1f;
        bool seen = sum != 0f; // NaN counts as seen and spreads
        if (args.Modifiers.Sinks != null && seen)
        {
            rescale = AddSink(args.Modifiers.Sinks[head], ref max, ref sum);
        }

        float* target = args.Output + (batch * args.OutputBatchStride) + (query * args.OutputStride) + (head * args.OutputHeadStride);
        float* row = work.Accumulators + (r * work.ValuePitch);
        V total = L.Create(sum * (1f - args.DropoutRate)), factor = L.Create(rescale);
        for (int d = 0; d < args.ValueDim; d += 16)
        {
            V value = seen ? L.Divide(L.Multiply(L.Load(row + d), factor), total) : L.Create(0f);
            L.StorePart(target + d, Math.Min(16, args.ValueDim - d), value);
        }

        if (args.LogSumExp != null)
        {
            args.LogSumExp[((((long)batch * args.Heads) + head) * args.Queries) + query] =
                seen ? Softmax.Join(max, sum) : float.NegativeInfinity;
        }
    }

    /// <summary>Takes a sink into a row's maximum and sum; the result is what the gathered values are to be multiplied by.</summary>
    private static float AddSink(float sink, ref float max, ref float sum)
    {
        float old = max;
        max = MathF.Max(old, sink);
        float rescale = VectorMath.Exp(old - max);
        sum = (sum * rescale) + VectorMath.Exp(sink - max);
        return rescale;
    }
}
