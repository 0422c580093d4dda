using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>One attention problem: its data, three ways to compute it, and the double-precision oracle.</summary>
internal sealed unsafe class AttentionCase
{
    public int Batch = 1, Queries = 1, Heads = 1, KvHeads = 1, HeadDim = 8, ValueDim = 8, Keys = 1, Capacity, Window;
    public float SoftCap;
    public int[]? FirstKeys;
    public required int[] Limits;
    public float[] Q = [], K = [], V = [];

    /// <summary>[heads, any number above every limit], [heads], and how many keys are kept.</summary>
    public float[]? Distances, Sinks;
    public int TopK;

    /// <summary>Null, or the runs of keys that each query of [batch, query] sees.</summary>
    public (int First, int End)[][]? Runs;

    /// <summary>The type that keys and values are stored in where keys lie in panels.</summary>
    public KvCacheType Stored;

    public float Scale => 1f / MathF.Sqrt(HeadDim);

    /// <summary>Fills q [batch, query, head, d], k [batch, key, kvHead, d] and v [batch, kvHead, key, d] at random.</summary>
    public AttentionCase Fill(int seed, float scale = 2f)
    {
        Capacity = Math.Max(Capacity, Keys);
        Q = Numbers.Random(seed, Batch * Queries * Heads * HeadDim, scale);
        K = Numbers.Random(seed + 1, Batch * Capacity * KvHeads * HeadDim, scale);
        V = Numbers.Random(seed + 2, Batch * KvHeads * Capacity * ValueDim, scale);
        return this;
    }

    /// <summary>The same over float32 numbers that were rounded to the stored type.</summary>
    public AttentionCase Rounded()
    {
        AttentionCase copy = (AttentionCase)MemberwiseClone();
        (copy.K, copy.V, copy.Stored) = ([.. K], [.. V], KvCacheType.F32);
        for (int at = 0; at < copy.K.Length; at += HeadDim) KvRounding.Round(Stored, copy.K.AsSpan(at, HeadDim));
        for (int at = 0; at < copy.V.Length; at += ValueDim) KvRounding.Round(Stored, copy.V.AsSpan(at, ValueDim));
        return copy;
    }

    public static int[] Causal(int batch, int queries, int keys)
        => [.. Enumerable.Range(0, batch * queries).Select(i => (i % queries) + keys - queries)];

    public static int[] All(int batch, int queries, int keys) => [.. Enumerable.Repeat(keys - 1, batch * queries)];

    /// <summary>The dispatching entry, with keys in panels or plain.</summary>
    public (float[] Output, float[] LogSumExp) Run(WorkerPool pool, bool panels)
        => With(panels, (in AttentionArgs args) => FlashAttention.Run(args, pool));

    public (float[] Output, float[] LogSumExp) RunScalar()
        => With(panels: Stored != KvCacheType.F32, static (in AttentionArgs args) => FlashAttention.RunScalar(args));

    /// <summary>Runs every part by hand, in tiles of the given number of rows.</summary>
    public (float[] Output, float[] LogSumExp) RunTiles<L, V>(bool panels, int tileRows)
        where L : ISixteen<V>
        where V : unmanaged
        => With(panels, (in AttentionArgs args) =>
        {
            using NativeBuffer memory = new(FlashAttention.Tile.Bytes(args, tileRows));
            int rows = Queries * Heads / KvHeads;
            for (int part = 0; part < Batch * KvHeads; part++)
            {
                for (int row = 0; row < rows; row += tileRows)
                {
                    memory.AsFloats().Fill(float.NaN); // what scratch holds must not matter
                    FlashAttention.RunTile<L, V>(args, part / KvHeads, part % KvHeads, row, tileRows, (float*)memory.Pointer);
                }
            }
        });

    private delegate void Body(in AttentionArgs args);

    private (float[] Output, float[] LogSumExp) With(bool panels, Body body)
    {
        float[] output = new float[Batch * Queries * Heads * ValueDim];
        float[] lse = new float[Batch * Heads * Queries];
        Array.Fill(output, 55f);
        KvLayout layout = new(Stored, HeadDim, ValueDim);
        long headFloats = layout.KeyWords(Capacity), headRows = layout.ValueWords(Capacity);
        float[] packed = new float[panels ? Batch * KvHeads * headFloats : 1], stored = Stored == KvCacheType.F32 ? V : new float[Batch * KvHeads * headRows];
        Array.Fill(packed, float.NaN);
        if (panels && Stored != KvCacheType.F32) Store(packed, stored, layout);
        KeyRuns runs = new();
        foreach ((int, int)[] row in Runs ?? []) runs.Add(row);
        fixed (float* q = Q, k = K, v = stored, o = output, l = lse, p = packed, distances = Distances, sinks = Sinks)
        fixed (int* limits = Limits, first = FirstKeys, starts = runs.Starts, bounds = runs.Bounds)
        {
            if (panels && Stored == KvCacheType.F32)
            {
                Pack(p, headFloats);
            }

            AttentionArgs args = new()
            {
                Query = q,
                QueryBatchStride = Queries * Heads * HeadDim,
                QueryStride = Heads * HeadDim,
                QueryHeadStride = HeadDim,
                Key = panels ? p : k,
                KeyBatchStride = panels ? KvHeads * headFloats : Capacity * KvHeads * HeadDim,
                KeyHeadStride = panels ? headFloats : HeadDim,
                KeyStride = panels ? 0 : KvHeads * HeadDim,
                Value = v,
                ValueBatchStride = KvHeads * headRows,
                ValueHeadStride = headRows,
                ValueStride = layout.RowWords,
                Stored = Stored,
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
                KeyCapacity = Capacity,
                Scale = Scale,
                SoftCap = SoftCap,
                Window = Window,
                Limits = limits,
                FirstKeys = first,
                LogSumExp = l,
                Modifiers = new() { Distances = distances, DistanceCount = (Distances?.Length ?? 0) / Heads, Sinks = sinks, TopK = TopK, RunStarts = Runs is null ? null : starts, Runs = bounds },
            };
            body(args);
        }

        return (output, lse);
    }

    private void Store(float[] panels, float[] rows, KvLayout layout)
    {
        int[] positions = [.. Enumerable.Range(0, Capacity)];
        int keySize = (int)layout.KeyWords(Capacity), valueSize = (int)layout.ValueWords(Capacity);
        for (int b = 0; b < Batch; b++)
        {
            for (int h = 0; h < KvHeads; h++)
            {
                int place = (b * KvHeads) + h;
                KvStore.Keys(K.AsSpan(((b * Capacity * KvHeads) + h) * HeadDim), KvHeads * HeadDim, positions, layout, new KvSlots(Capacity), panels.AsSpan(place * keySize, keySize));
                KvStore.Values(V.AsSpan(place * Capacity * ValueDim), ValueDim, positions, layout, new KvSlots(Capacity), rows.AsSpan(place * valueSize, valueSize));
            }
        }
    }

    private void Pack(float* panels, long headFloats)
    {
        for (int b = 0; b < Batch; b++)
        {
            for (int h = 0; h < KvHeads; h++)
            {
                for (int j = 0; j < Capacity; j++)
                {
                    KvPanels.WriteKey(
                        panels + (((b * KvHeads) + h) * headFloats), j, K.AsSpan(((((b * Capacity) + j) * KvHeads) + h) * HeadDim, HeadDim));
                }
            }
        }
    }

    public bool Sees(int b, int i, int j)
    {
        int limit = Limits[(b * Queries) + i];
        return j <= limit && (Window == 0 || j > limit - Window) && (FirstKeys is null || j >= FirstKeys[b])
            && (Runs is null || Array.Exists(Runs[(b * Queries) + i], run => j >= run.First && j < run.End));
    }

    /// <summary>The full score matrix in double precision.</summary>
    public (double[] Output, double[] LogSumExp) Oracle()
    {
        double[] output = new double[Batch * Queries * Heads * ValueDim];
        double[] lse = new double[Batch * Heads * Queries];
        for (int b = 0; b < Batch; b++)
        {
            for (int h = 0; h < Heads; h++)
            {
                for (int i = 0; i < Queries; i++)
                {
                    lse[(((b * Heads) + h) * Queries) + i] = OracleRow(
                        b, h, i, output.AsSpan(((((b * Queries) + i) * Heads) + h) * ValueDim, ValueDim));
                }
            }
        }

        return (output, lse);
    }

    private double OracleRow(int b, int h, int i, Span<double> output)
    {
        int kvHead = h / (Heads / KvHeads);
        List<(int Key, double Score)> seen = [];
        for (int j = 0; j < Keys; j++)
        {
            if (!Sees(b, i, j))
            {
                continue;
            }

            double score = 0;
            for (int d = 0; d < HeadDim; d++)
            {
                score += (double)Q[(((((b * Queries) + i) * Heads) + h) * HeadDim) + d] * K[(((((b * Capacity) + j) * KvHeads) + kvHead) * HeadDim) + d];
            }

            score *= Scale;
            score = SoftCap == 0 ? score : SoftCap * Math.Tanh(score / SoftCap);
            int count = (Distances?.Length ?? 0) / Heads;
            seen.Add((j, Distances is null ? score : score + Distances[(h * count) + count - 1 + j - Limits[(b * Queries) + i]]));
        }

        if (TopK > 0)
        {
            seen = [.. seen.OrderByDescending(s => s.Score).ThenBy(s => s.Key).Take(TopK).OrderBy(s => s.Key)];
        }

        if (seen.Count == 0)
        {
            return double.NegativeInfinity;
        }

        double sink = Sinks is null ? double.NegativeInfinity : Sinks[h];
        double max = Math.Max(sink, seen.Max(s => s.Score));
        double sum = Math.Exp(sink - max) + seen.Sum(s => Math.Exp(s.Score - max));
        foreach ((int key, double score) in seen)
        {
            for (int d = 0; d < ValueDim; d++)
            {
                output[d] += Math.Exp(score - max) / sum * V[(((((b * KvHeads) + kvHead) * Capacity) + key) * ValueDim) + d];
            }
        }

        return max + Math.Log(sum);
    }
}
