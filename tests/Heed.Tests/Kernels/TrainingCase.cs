using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>One problem of attention forward and backward, run by pools, by hand on any instruction set, and by the scalar twins.</summary>
internal sealed unsafe class TrainingCase
{
    public int Batch = 1, Queries = 1, Keys = 1, Heads = 1, KvHeads = 1, HeadDim = 8, ValueDim = 8, Window;
    public float SoftCap, Rate;
    public ulong Seed = 5;
    public int[] Limits = [], Firsts = [];
    public float[] Q = [], K = [], V = [], Gradient = [];

    public Func<int, int, int, int, bool>? Mask;
    public int MaskBatch = 1, MaskHeads = 1, BiasBatch, BiasHeads, BiasQueries, TopK;
    public bool HasDistances, HasSinks;
    public float[] Distances = [], Bias = [], Sinks = [];

    /// <summary>A problem of random shape: odd head sizes, grouped heads, windows, caps, documents, padding, dropout, other lengths.</summary>
    public static TrainingCase Random(int seed)
    {
        Random random = new(seed);
        int[] dims = [1, 3, 8, 20, 32, 48, 64, 80];
        int kvHeads = random.Next(1, 4), batch = random.Next(1, 3);
        int queries = random.Next(8) == 0 ? 0 : random.Next(1, 150), keys = random.Next(8) == 0 ? 0 : random.Next(1, 200);
        TrainingCase x = new()
        {
            Batch = batch,
            Queries = queries,
            Keys = keys,
            KvHeads = kvHeads,
            Heads = kvHeads * random.Next(1, 4),
            HeadDim = dims[random.Next(dims.Length)],
            ValueDim = dims[random.Next(dims.Length)],
            Window = random.Next(3) == 0 ? random.Next(1, 100) : 0,
            SoftCap = random.Next(3) == 0 ? 2f : 0f,
            Rate = random.Next(3) == 0 ? 0.3f : 0f,
        };
        int kind = random.Next(4);
        x.Limits = [.. Enumerable.Range(0, batch * queries).Select(r => kind switch
        {
            0 => keys - 1,
            1 => random.Next(-1, keys),
            _ => Math.Clamp((r % Math.Max(queries, 1)) + keys - queries, -1, keys - 1),
        })];
        x.Firsts = random.Next(2) == 0 ? [] : [.. x.Limits.Select(limit => kind == 1 ? random.Next(-1, keys + 1) : Math.Max(0, limit) / 37 * 37)];
        return x.Fill(seed);
    }

    /// <summary>The same with any of a mask, biases, sinks and a choice.</summary>
    public static TrainingCase RandomModified(int seed)
    {
        TrainingCase x = Random(seed);
        Random random = new(seed + 1000);
        bool Now(int outOf = 2) => random.Next(outOf) == 0;
        x.HasDistances = Now();
        x.HasSinks = Now();
        x.TopK = Now() ? random.Next(1, 40) : 0;
        if (Now())
        {
            (x.BiasBatch, x.BiasHeads, x.BiasQueries) = (Now() ? 1 : x.Batch, Now() ? 1 : x.Heads, Now() ? 1 : x.Queries);
        }

        if (Now() || !(x.HasDistances || x.HasSinks || x.TopK > 0 || x.BiasBatch > 0))
        {
            (x.MaskBatch, x.MaskHeads) = (Now() ? 1 : x.Batch, Now() ? 1 : x.Heads);
            int kind = random.Next(3);
            x.Mask = (b, h, i, j) => kind switch
            {
                0 => ((i * 31) + (j * 17) + (b * 7) + (h * 3)) % 5 != 0 && i % 7 != 3,
                1 => j < 64 || j >= 128 || i < 64 + b + h,
                _ => Math.Abs(i - j) < 9 + h + b || j % 64 == 0,
            };
        }

        return x.Fill(seed);
    }

    public TrainingCase Fill(int seed)
    {
        Distances = HasDistances ? Numbers.Random(seed + 4, Heads * Math.Max(0, Queries + Keys - 1)) : [];
        Sinks = HasSinks ? Numbers.Random(seed + 5, Heads) : [];
        Bias = Numbers.Random(seed + 6, BiasBatch * BiasHeads * BiasQueries * Keys);
        for (int i = 5; i < Bias.Length; i += 11)
        {
            Bias[i] = float.NegativeInfinity;
        }

        Q = Numbers.Random(seed, Batch * Queries * Heads * HeadDim);
        K = Numbers.Random(seed + 1, Batch * Keys * KvHeads * HeadDim);
        V = Numbers.Random(seed + 2, Batch * Keys * KvHeads * ValueDim);
        Gradient = Numbers.Random(seed + 3, Batch * Queries * Heads * ValueDim);
        return this;
    }

    public bool Sees(int b, int i, int j)
    {
        int row = (b * Queries) + i, limit = Limits[row];
        return j <= limit && (Window == 0 || j > limit - Window) && (Firsts.Length == 0 || j >= Firsts[row]);
    }

    /// <summary>Whether any head's query sees the key.</summary>
    public bool SeesInAnyHead(int b, int i, int j) => Sees(b, i, j) && Enumerable.Range(0, Heads).Any(h =>
        (Mask is null || Mask(MaskBatch == 1 ? 0 : b, MaskHeads == 1 ? 0 : h, i, j))
        && (Bias.Length == 0 || !float.IsNegativeInfinity(Bias[((((BiasBatch == 1 ? 0 : b * BiasHeads) + (BiasHeads == 1 ? 0 : h)) * BiasQueries) + (BiasQueries == 1 ? 0 : i)) * Keys + j])));

    private MaskTiles? Tiles => Mask is null ? null : TileMaps.Of(MaskBatch, MaskHeads, Queries, Keys, Mask);

    private ScoreSpans Scores(float[] choice) => new()
    {
        Tiles = Tiles,
        Distances = Distances,
        Bias = Bias,
        BiasBatch = BiasBatch,
        BiasHeads = BiasHeads,
        BiasQueries = BiasQueries,
        Sinks = Sinks,
        TopK = TopK,
        Choice = choice,
    };

    /// <summary>Output, logsumexp, dq, dk, dv, the gradients of biases by distance, bias and sinks, and the choice.</summary>
    public float[][] Run(WorkerPool pool, AttentionCounter? counter = null)
    {
        float[][] results = Results();
        AttentionShape shape = new()
        {
            Batch = Batch,
            Queries = Queries,
            Heads = Heads,
            KvHeads = KvHeads,
            HeadDim = HeadDim,
            ValueDim = ValueDim,
            KeyCapacity = Keys,
            Scale = 1f / MathF.Sqrt(HeadDim),
            SoftCap = SoftCap,
            Window = Window,
            DropoutRate = Rate,
            DropoutSeed = Seed,
        };
        FlashAttention.OverRows(shape, Heads4(Q, Queries, Heads, HeadDim), Heads4(K, Keys, KvHeads, HeadDim), Heads4(V, Keys, KvHeads, ValueDim),
            Limits, Firsts, results[0], results[1], pool, counter, Scores(results[8]));
        FlashAttention.OverRowsBackward(shape, Heads4(Q, Queries, Heads, HeadDim), Heads4(K, Keys, KvHeads, HeadDim), Heads4(V, Keys, KvHeads, ValueDim),
            results[0], Gradient, results[1], Limits, Firsts, Heads4(results[2], Queries, Heads, HeadDim),
            Heads4(results[3], Keys, KvHeads, HeadDim), Heads4(results[4], Keys, KvHeads, ValueDim), pool, counter, Scores(results[8]),
            new() { Distances = results[5], Bias = results[6], Sinks = results[7] });
        return results;
    }

    /// <summary>Weights of all rows, and their sums by column, of a run's logsumexp and choice.</summary>
    public (float[] Rows, float[] Columns) RunWeights(WorkerPool pool, float[][] results)
    {
        AttentionShape shape = new()
        {
            Batch = Batch,
            Queries = Queries,
            Heads = Heads,
            KvHeads = KvHeads,
            HeadDim = HeadDim,
            KeyCapacity = Keys,
            Scale = 1f / MathF.Sqrt(HeadDim),
            SoftCap = SoftCap,
            Window = Window,
        };
        (int, int, int)[] rows = [.. from b in Enumerable.Range(0, Batch) from h in Enumerable.Range(0, Heads) from i in Enumerable.Range(0, Queries) select (b, h, i)];
        float[] weights = new float[rows.Length * Keys], sums = new float[Batch * Heads * Keys];
        HeadRows q = Heads4(Q, Queries, Heads, HeadDim), k = Heads4(K, Keys, KvHeads, HeadDim);
        FlashAttention.WeightsOfRows(shape, q, k, results[1], Limits, Firsts, rows, weights, pool, Scores(results[8]));
        FlashAttention.ColumnSums(shape, q, k, results[1], Limits, Firsts, sums, pool, Scores(results[8]));
        return (weights, sums);
    }

    public float[][] RunScalar() => With((in AttentionGradientArgs args) =>
    {
        FlashAttention.ForwardScalar(args.Forward);
        FlashAttention.BackwardScalar(args);
    });

    /// <summary>Runs every part by hand on one instruction set, out of order, in memory that holds NaN.</summary>
    public float[][] RunParts<TLanes, TVector, L, V>()
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
        => With((in AttentionGradientArgs args) =>
        {
            using NativeBuffer memory = new(3 << 20);
            for (int part = Batch * KvHeads * 2; part-- > 0;)
            {
                memory.AsFloats().Fill(float.NaN);
                FlashAttention.ForwardPart<TLanes, TVector, L, V>(args.Forward, part / 2 / KvHeads, part / 2 % KvHeads, part % 2, 2, (float*)memory.Pointer);
            }

            FlashAttention.BackwardPlan plan = new(args);
            float[] partials = new float[1 + plan.PartialFloats(args)];
            Array.Fill(partials, float.NaN);
            new Span<float>(args.BiasGradient, (int)args.BiasFloats).Clear();
            fixed (float* sums = partials)
            {
                for (int part = plan.Units * plan.Runs; part-- > 0;)
                {
                    memory.AsFloats().Fill(float.NaN);
                    FlashAttention.BackwardPart place = plan.Part(args, part / plan.Runs, plan.Runs - 1 - (part % plan.Runs), sums);
                    FlashAttention.RunBackward<TLanes, TVector, L, V>(args, place, (float*)memory.Pointer);
                }

                FlashAttention.SumPartials(args, plan.Shares, sums);
            }
        });

    private static HeadRows Heads4(float[] values, int rows, int heads, int dim) => new(values, rows * heads * dim, heads * dim, dim);

    private float[][] Results()
    {
        float[][] results = [
            new float[Gradient.Length], new float[Batch * Heads * Queries], new float[Q.Length], new float[K.Length], new float[V.Length],
            new float[Distances.Length], new float[Bias.Length], new float[Sinks.Length], new float[TopK > 0 ? 2 * Batch * Heads * Queries : 0]];
        foreach (float[] result in results)
        {
            Array.Fill(result, 77f);
        }

        return results;
    }

    private delegate void Body(in AttentionGradientArgs args);

    private float[][] With(Body body)
    {
        float[][] results = Results();
        fixed (float* q = Q, k = K, v = V, g = Gradient, o = results[0], lse = results[1], dq = results[2], dk = results[3], dv = results[4])
        fixed (float* distances = Distances, bias = Bias, sinks = Sinks, toDistances = results[5], toBias = results[6], toSinks = results[7], choice = results[8])
        fixed (int* limits = Limits, firsts = Firsts)
        {
            AttentionGradientArgs args = new()
            {
                Forward = new()
                {
                    Query = q,
                    QueryBatchStride = Queries * Heads * HeadDim,
                    QueryStride = Heads * HeadDim,
                    QueryHeadStride = HeadDim,
                    Key = k,
                    KeyBatchStride = Keys * KvHeads * HeadDim,
                    KeyStride = KvHeads * HeadDim,
                    KeyHeadStride = HeadDim,
                    Value = v,
                    ValueBatchStride = Keys * KvHeads * ValueDim,
                    ValueStride = KvHeads * ValueDim,
                    ValueHeadStride = ValueDim,
                    Output = o,
                    OutputBatchStride = Queries * Heads * ValueDim,
                    OutputStride = Heads * ValueDim,
                    OutputHeadStride = ValueDim,
                    Batch = Batch,
                    Queries = Queries,
                    Heads = Heads,
                    KvHeads = KvHeads,
                    HeadDim = HeadDim,
                    ValueDim = ValueDim,
                    KeyCapacity = Keys,
                    Scale = 1f / MathF.Sqrt(HeadDim),
                    SoftCap = SoftCap,
                    Window = Window,
                    Limits = limits,
                    Firsts = Firsts.Length == 0 ? null : firsts,
                    DropoutRate = Rate,
                    DropoutSeed = Seed,
                    LogSumExp = lse,
                    Modifiers = new()
                    {
                        Tiles = Tiles,
                        Distances = distances,
                        Bias = bias,
                        BiasBatchStride = BiasBatch == 1 ? 0 : BiasHeads * BiasQueries * Keys,
                        BiasHeadStride = BiasHeads == 1 ? 0 : BiasQueries * Keys,
                        BiasQueryStride = BiasQueries == 1 ? 0 : Keys,
                        Sinks = sinks,
                        TopK = choice == null ? 0 : TopK,
                        Choice = choice,
                    },
                },
                OutputGradient = g,
                QueryGradient = dq,
                QueryGradientBatchStride = Queries * Heads * HeadDim,
                QueryGradientStride = Heads * HeadDim,
                QueryGradientHeadStride = HeadDim,
                KeyGradient = dk,
                KeyGradientBatchStride = Keys * KvHeads * HeadDim,
                KeyGradientStride = KvHeads * HeadDim,
                KeyGradientHeadStride = HeadDim,
                ValueGradient = dv,
                ValueGradientBatchStride = Keys * KvHeads * ValueDim,
                ValueGradientStride = KvHeads * ValueDim,
                ValueGradientHeadStride = ValueDim,
                BiasGradient = toBias,
                BiasFloats = Bias.Length,
                DistanceGradient = toDistances,
                SinkGradient = toSinks,
            };
            body(args);
        }

        return results;
    }
}
