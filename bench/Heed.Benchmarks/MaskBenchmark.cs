using System.Globalization;
using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Benchmarks;

/// <summary>
/// Attention forward and backward under masks given as tiles and as intervals, one against the other in turn: a window
/// should cost what its keys cost, and tiles of any mask no more than as many of a causal one.
/// </summary>
internal static class MaskBenchmark
{
    private const int Heads = 2, Dim = 64, Tokens = 8192, Window = 256, Causal = 1, FirstOther = 7;

    public static int Run(string[] arguments)
    {
        int rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 5;
        int threads = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 1;
        using WorkerPool pool = new(threads);
        Problem problem = new();
        Mask[] masks =
        [
            new("full", Rows(_ => Tokens - 1), []),
            new("causal, intervals", Rows(i => i), []),
            new("causal, tiles", Rows(_ => Tokens - 1), [], Tiles((i, j) => j <= i)),
            new("window, intervals", Rows(i => i), Rows(i => Math.Max(0, i - Window + 1))),
            new("window, tiles", Rows(_ => Tokens - 1), [], Tiles((i, j) => j <= i && j > i - Window)),
            new("causal, biases by distance", Rows(i => i), [], Distances: new float[Heads * (2 * Tokens - 1)]),
            new("causal, top 64", Rows(i => i), [], TopK: 64),
            new("random tiles, as many as causal", Rows(_ => Tokens - 1), [], RandomTiles()),
            Compiled("causal documents of 1,024", AttentionMask.Causal & AttentionMask.Documents([.. Enumerable.Range(0, Tokens).Select(i => i / 1024)])),
            Compiled("BigBird", AttentionMask.BlockSparse(64)),
            Compiled("BigBird, causal", AttentionMask.BlockSparse(64, causal: true)),
            Compiled("causal, a bias for each pair", AttentionMask.Causal) with { Bias = new float[(long)Tokens * Tokens] },
        ];
        Samples[] forward = [.. masks.Select(_ => new Samples())], backward = [.. masks.Select(_ => new Samples())];
        for (int round = -1; round < rounds; round++)
        {
            for (int m = 0; m < masks.Length; m++)
            {
                double there = Samples.Time(() => problem.Forward(pool, masks[m])), back = Samples.Time(() => problem.Backward(pool, masks[m]));
                if (round < 0) continue;
                forward[m].Add(there);
                backward[m].Add(back);
            }
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Heads} heads of {Dim}, {Tokens} tokens, window {Window}, {threads} threads; medians of {rounds} in ms"));
        Console.WriteLine();
        Console.WriteLine("| mask | forward | backward | full / forward | full / backward |");
        Console.WriteLine("|---|---|---|---|---|");
        for (int m = 0; m < masks.Length; m++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {masks[m].Name} | {forward[m].Median * 1e3:F1} | {backward[m].Median * 1e3:F1} | {forward[0].Median / forward[m].Median:F1} | {backward[0].Median / backward[m].Median:F1} |"));
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"causal, tiles / intervals: forward {forward[2].Median / forward[1].Median:F2}, backward {backward[2].Median / backward[1].Median:F2} (aim: at most 1.2)"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"window, full / tiles: both {(forward[0].Median + backward[0].Median) / (forward[4].Median + backward[4].Median):F1} (aim: at least 8)"));
        Console.WriteLine();
        Console.WriteLine("| mask | tiles | forward, a tile against causal's | backward (aim: at most 1.2) |");
        Console.WriteLine("|---|---|---|---|");
        for (int m = FirstOther; m < masks.Length; m++)
        {
            double share = masks[Causal].TileCount / (double)masks[m].TileCount;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {masks[m].Name} | {masks[m].TileCount} | {share * forward[m].Median / forward[Causal].Median:F2} | {share * backward[m].Median / backward[Causal].Median:F2} |"));
        }
        return 0;
    }

    private sealed record Mask(string Name, int[] Limits, int[] Firsts, MaskTiles? Tiles = null, float[]? Distances = null, int TopK = 0)
    {
        private readonly float[] _choice = new float[2 * Heads * Tokens];

        /// <summary>[queries, keys], the same for all heads; empty for none.</summary>
        public float[] Bias { get; init; } = [];

        public long TileCount { get; } = MixingTraffic.Of(new CompiledMask(Limits, Firsts, Tiles), Tokens).KeyRows / MaskTiles.TileSize;

        public ScoreSpans Scores => new() { Tiles = Tiles, Distances = Distances, TopK = TopK, Choice = _choice, Bias = Bias, BiasBatch = 1, BiasHeads = 1, BiasQueries = Tokens };
    }

    private static Mask Compiled(string name, AttentionMask mask)
    {
        CompiledMask compiled = mask.Compile(1, 1, Tokens, Tokens);
        return new Mask(name, compiled.Limits, compiled.Firsts, compiled.Tiles);
    }

    /// <summary>Full tiles, as many for each tile of queries as a causal mask has, anywhere.</summary>
    private static MaskTiles RandomTiles()
    {
        Random random = new(1);
        List<int> starts = [0], keyTiles = [];
        int tiles = Tokens / MaskTiles.TileSize;
        for (int tile = 0; tile < tiles; tile++)
        {
            keyTiles.AddRange(Enumerable.Range(0, tiles).OrderBy(_ => random.Next()).Take(tile + 1).Order());
            starts.Add(keyTiles.Count);
        }
        return new MaskTiles(1, 1, Tokens, Tokens) { Starts = [.. starts], KeyTiles = [.. keyTiles], Bits = [.. Enumerable.Repeat(-1, keyTiles.Count)], RowBits = [], ColumnBits = [] };
    }

    private static int[] Rows(Func<int, int> value) => [.. Enumerable.Range(0, Tokens).Select(value)];

    private static MaskTiles Tiles(Func<int, int, bool> sees)
    {
        List<int> starts = [0], keyTiles = [], bits = [];
        List<ulong> rows = [], columns = [];
        for (int tile = 0; tile < Tokens; tile += 64)
        {
            for (int key = 0; key < Tokens; key += 64)
            {
                ulong[] row = new ulong[64], column = new ulong[64];
                for (int i = 0; i < 64; i++)
                    for (int j = 0; j < 64; j++)
                        if (sees(tile + i, key + j)) (row[i], column[j]) = (row[i] | 1ul << j, column[j] | 1ul << i);
                if (row.All(word => word == 0)) continue;
                bool full = row.All(word => word == ulong.MaxValue);
                keyTiles.Add(key / 64);
                bits.Add(full ? -1 : rows.Count / 64);
                if (full) continue;
                rows.AddRange(row);
                columns.AddRange(column);
            }
            starts.Add(keyTiles.Count);
        }
        return new MaskTiles(1, 1, Tokens, Tokens) { Starts = [.. starts], KeyTiles = [.. keyTiles], Bits = [.. bits], RowBits = [.. rows], ColumnBits = [.. columns] };
    }

    /// <summary>One sequence and its gradients.</summary>
    private sealed class Problem
    {
        private static readonly AttentionShape Shape = new()
        {
            Batch = 1,
            Queries = Tokens,
            Heads = Heads,
            KvHeads = Heads,
            HeadDim = Dim,
            ValueDim = Dim,
            KeyCapacity = Tokens,
            Scale = 1f / MathF.Sqrt(Dim),
        };

        private readonly float[] _q = Values(1), _k = Values(2), _v = Values(3), _output = Values(4), _gradient = Values(5), _logSumExp = new float[Heads * Tokens];
        private readonly float[] _dq = Values(6), _dk = Values(7), _dv = Values(8);

        public void Forward(WorkerPool pool, Mask mask) =>
            FlashAttention.OverRows(Shape, Range(_q), Range(_k), Range(_v), mask.Limits, mask.Firsts, _output, _logSumExp, pool, scores: mask.Scores);

        public void Backward(WorkerPool pool, Mask mask) =>
            FlashAttention.OverRowsBackward(Shape, Range(_q), Range(_k), Range(_v), _output, _gradient, _logSumExp, mask.Limits, mask.Firsts,
                Range(_dq), Range(_dk), Range(_dv), pool, scores: mask.Scores);

        private static HeadRows Range(float[] values) => new(values, Tokens * Heads * Dim, Heads * Dim, Dim);

        private static float[] Values(int seed)
        {
            Random random = new(seed);
            return [.. Enumerable.Range(0, Tokens * Heads * Dim).Select(_ => (float)(random.NextDouble() * 2 - 1))];
        }
    }
}
