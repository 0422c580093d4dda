using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <content>The softmax's weights, before dropout, computed again from the logsumexp: single rows, and the columns' sums over all rows.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>Weights of chosen rows (batch, head, query) into [rows, keys]; logSumExp and the choice are what <see cref="OverRows"/> gave.</summary>
    public static void WeightsOfRows(in AttentionShape shape, HeadRows q, HeadRows k, ReadOnlySpan<float> logSumExp, ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts,
        ReadOnlySpan<(int Batch, int Head, int Query)> rows, Span<float> weights, WorkerPool pool, ScoreSpans scores = default)
    {
        CheckRows(shape, q, k, limits, firsts, logSumExp.Length);
        if (weights.Length != (long)rows.Length * shape.KeyCapacity)
        {
            throw new ArgumentException($"Attention: {weights.Length} floats for the weights of {rows.Length} rows; need {shape.KeyCapacity} each.");
        }

        foreach ((int batch, int head, int query) in rows)
        {
            if ((uint)batch >= (uint)shape.Batch || (uint)head >= (uint)shape.Heads || (uint)query >= (uint)shape.Queries)
            {
                throw new ArgumentException($"Attention: weights of batch row {batch}, head {head}, query {query}; there are {shape.Batch}, {shape.Heads} and {shape.Queries}.");
            }
        }

        ScoreModifiers modifiers = scores.Describe(shape);
        fixed (float* query = q.Floats, key = k.Floats, lse = logSumExp, to = weights)
        fixed (float* distances = scores.Distances, bias = scores.Bias, sinks = scores.Sinks, choice = scores.Choice)
        fixed (int* limit = limits, first = firsts)
        fixed ((int, int, int)* row = rows)
        {
            AttentionArgs args = RowArgs(shape with { ValueDim = 1 }, q, k, new(default, 0, 0, 0)) with
            {
                Query = query,
                Key = key,
                LogSumExp = lse,
                Limits = limit,
                Firsts = first,
                Modifiers = modifiers with { Distances = distances, Bias = bias, Sinks = sinks, Choice = choice },
            };
            args.Check();
            WeightsJob job = new(args, (nint)row, (nint)to);
            Share(pool, ref job, rows.Length, alone: (long)rows.Length * shape.KeyCapacity * shape.HeadDim < InlineWork);
        }
    }

    /// <summary>Σ over all queries of each key's weight, into [batch, heads, keys].</summary>
    public static void ColumnSums(in AttentionShape shape, HeadRows q, HeadRows k, ReadOnlySpan<float> logSumExp, ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts,
        Span<float> sums, WorkerPool pool, ScoreSpans scores = default)
    {
        CheckRows(shape, q, k, limits, firsts, logSumExp.Length);
        if (sums.Length != (long)shape.Batch * shape.Heads * shape.KeyCapacity)
        {
            throw new ArgumentException($"Attention: {sums.Length} floats for sums of [{shape.Batch}, {shape.Heads}, {shape.KeyCapacity}].");
        }

        ScoreModifiers modifiers = scores.Describe(shape);
        sums.Clear();
        fixed (float* query = q.Floats, key = k.Floats, lse = logSumExp, to = sums)
        fixed (float* distances = scores.Distances, bias = scores.Bias, sinks = scores.Sinks, choice = scores.Choice)
        fixed (int* limit = limits, first = firsts)
        {
            AttentionArgs args = RowArgs(shape with { ValueDim = 1 }, q, k, new(default, 0, 0, 0)) with
            {
                Query = query,
                Key = key,
                LogSumExp = lse,
                Limits = limit,
                Firsts = first,
                Modifiers = modifiers with { Distances = distances, Bias = bias, Sinks = sinks, Choice = choice },
            };
            long work = args.Check() * shape.Heads * shape.HeadDim;
            ColumnsJob job = new(args, pool.Scratch, (nint)to);
            Share(pool, ref job, shape.Batch * shape.KvHeads, alone: work < InlineWork);
        }
    }

    private static void CheckRows(in AttentionShape shape, HeadRows q, HeadRows k, ReadOnlySpan<int> limits, ReadOnlySpan<int> firsts, int logSumExpFloats)
        => CheckRows(shape with { ValueDim = 0 }, q, k, new(default, 0, 0, 0), limits, firsts, 0, logSumExpFloats);

    private readonly struct WeightsJob(AttentionArgs args, nint rows, nint weights) : IPoolJob
    {
        public void Execute(int part)
        {
            (int batch, int head, int query) = (((int, int, int)*)rows)[part];
            Span<float> target = new((float*)weights + ((long)part * args.KeyCapacity), args.KeyCapacity), scores = stackalloc float[TileKeys];
            target.Clear();
            int limit = args.Limits[((long)batch * args.Queries) + query], begin = args.FirstVisible(batch, query, limit);
            float lse = args.LogSumExp[((((long)batch * args.Heads) + head) * args.Queries) + query];
            for (int start = begin / TileKeys * TileKeys; start <= limit && !float.IsNegativeInfinity(lse); start += TileKeys)
            {
                int first = Math.Max(start, begin), end = Math.Min(start + TileKeys, limit + 1);
                ScalarScores(args, batch, head, query, start, first, end, scores);
                for (int j = first; j < end; j++)
                {
                    target[j] = float.IsNegativeInfinity(scores[j - start]) ? 0f : VectorMath.Exp(scores[j - start] - lse);
                }
            }
        }
    }

    /// <summary>All heads of one kv head, query tiles in rising order.</summary>
    private readonly struct ColumnsJob(AttentionArgs args, ScratchPool scratch, nint sums) : IPoolJob
    {
        public void Execute(int part)
        {
            NativeBuffer buffer = scratch.Rent(ForwardWork.Bytes(args));
            try
            {
                ForwardWork work = new(args, (float*)buffer.Pointer);
                if (Vector512.IsHardwareAccelerated)
                {
                    AddColumns<FloatLanes512, Vector512<float>, Sixteen512, Vector512<float>>(args, work, part, (float*)sums);
                }
                else if (Vector256.IsHardwareAccelerated)
                {
                    AddColumns<FloatLanes256, Vector256<float>, Sixteen256, Pair256>(args, work, part, (float*)sums);
                }
                else
                {
                    AddColumns<FloatLanes128, Vector128<float>, Sixteen128, Quad128>(args, work, part, (float*)sums);
                }
            }
            finally
            {
                scratch.Return(buffer);
            }
        }
    }

    private static void AddColumns<TLanes, TVector, L, V>(in AttentionArgs args, in ForwardWork work, int part, float* sums)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
    {
        int batch = part / args.KvHeads, kvHead = part % args.KvHeads, group = args.Heads / args.KvHeads;
        PackForward<L, V>(args, work, batch, kvHead);
        for (int head = kvHead * group; head < (kvHead + 1) * group; head++)
        {
            long row = ((long)batch * args.Heads) + head;
            for (int tile = 0; tile < TilesOf(args.Queries); tile++)
            {
                QueryRows rows = new(args, batch, tile, args.LogSumExp + (row * args.Queries), work.RowMemory);
                StageQueries<L, V>(args, work, rows, batch, head);
                for (int r = 0; r < TileRows; r++)
                {
                    // A row that sees nothing has only hidden scores, and any finite number makes 0 of them.
                    work.Maxima[r] = rows.Begins[r] < rows.Ends[r] ? args.LogSumExp[(row * args.Queries) + rows.Query + r] : 0f;
                }

                KeyTileWalk walk = new(args, rows, batch, head);
                while (walk.Next())
                {
                    ScoreTile keys = ColumnTile(args, work.Scoring, rows, batch, head, walk);
                    if (args.Modifiers.TopK > 0)
                    {
                        float* choice = ChoiceOf(args, batch, head, rows.Query);
                        new Span<float>(choice, rows.Count).CopyTo(new(work.Scoring.Least, rows.Count));
                        new Span<float>(choice + ChoicePlane(args), rows.Count).CopyTo(new(work.Scoring.LastTies, rows.Count));
                        keys.Least = work.Scoring.Least;
                        keys.LastTies = work.Scoring.LastTies;
                    }

                    AddColumns<TLanes, TVector, L, V>(args, work, rows, keys, sums + (row * args.KeyCapacity));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddColumns<TLanes, TVector, L, V>(in AttentionArgs args, in ForwardWork work, in QueryRows rows, in ScoreTile tile, float* sums)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
    {
        (int from, int to) = tile.KeysOf(rows, 0, rows.Count);
        if (from >= to)
        {
            return;
        }

        ColumnProducts<TLanes, TVector>(args.HeadDim, work, tile.Start, from, to, 0, rows.Count);
        for (int r = 0; r < rows.Count; r += 16)
        {
            float* scores = work.Scores + r;
            V logSumExp = L.Load(work.Maxima + r);
            FinalColumn<L, V>(args, rows, tile, scores, from, to, r, L.Create(0f));
            for (int key = from; key < to; key++)
            {
                V p = VectorMath.Exp<L, V>(L.Subtract(L.Load(scores + (key * TileRows)), logSumExp));
                sums[tile.Start + key] += L.Sum(p);
            }
        }
    }
}
