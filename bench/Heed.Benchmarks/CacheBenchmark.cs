using System.Globalization;
using Heed.Kernels;

namespace Heed.Benchmarks;

/// <summary>A decode step's attention over stored keys and values of each type, and storing a chunk of a prompt, in interleaved rounds.</summary>
internal static class CacheBenchmark
{
    private const int StoredTokens = 256;

    /// <summary>What a model has: layers, heads, kv heads, head size.</summary>
    private static readonly (string Name, int Layers, int Heads, int KvHeads, int Dim)[] Shapes = [("135M", 30, 9, 3, 64), ("1.1B", 22, 32, 4, 64), ("no groups", 12, 12, 12, 64)];

    public static int Run(string[] arguments)
    {
        int rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 9;
        int[] threads = arguments.Length > 1 ? [int.Parse(arguments[1], CultureInfo.InvariantCulture)] : [1, 2];
        Console.WriteLine("One query over all layers' stored keys and values, and storing a token's, in ms: median (fastest to slowest).");
        Console.WriteLine();
        Console.WriteLine("| model | tokens | threads | type | MiB | attention | of float32's | storing a token |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var shape in Shapes)
            foreach (int tokens in (int[])[512, 4096])
                foreach (int count in threads) Rows(shape, tokens, count, rounds);
        return 0;
    }

    private static void Rows((string Name, int Layers, int Heads, int KvHeads, int Dim) shape, int tokens, int threads, int rounds)
    {
        using WorkerPool pool = new(threads);
        Problem[] problems = [.. Enum.GetValues<KvCacheType>().Select(type => new Problem(shape.Layers, shape.Heads, shape.KvHeads, shape.Dim, tokens, type))];
        for (int round = -2; round < rounds; round++)
            foreach (Problem problem in problems)
            {
                double attend = Samples.Time(() => problem.Attend(pool)), store = Samples.Time(problem.Store);
                if (round < 0) continue;
                problem.Attention.Add(attend);
                problem.Storing.Add(store / StoredTokens);
            }
        foreach (Problem problem in problems)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {shape.Name} | {tokens} | {threads} | {problem.Type} | {problem.Bytes / 1048576.0:F0} | {Milliseconds(problem.Attention)} | {problem.Attention.Median / problems[0].Attention.Median:P0} | {problem.Storing.Median * 1e3:F4} |"));
        foreach (Problem problem in problems) problem.Dispose();
    }

    private static string Milliseconds(Samples samples) => $"{samples.Median * 1e3:F2} ({samples.Quantile(0) * 1e3:F2} to {samples.Quantile(1) * 1e3:F2})";

    private sealed class Problem : IDisposable
    {
        private readonly int _layers, _kvHeads, _tokens, _keySize, _valueSize;
        private readonly KvLayout _layout;
        private readonly AttentionShape _shape;
        private readonly NativeBuffer _keys, _values;
        private readonly float[] _query, _output, _rows;
        private readonly int[] _positions;

        public Problem(int layers, int heads, int kvHeads, int dim, int tokens, KvCacheType type)
        {
            (_layers, _kvHeads, _tokens, Type, _layout) = (layers, kvHeads, tokens, type, new KvLayout(type, dim, dim));
            (_keySize, _valueSize) = ((int)_layout.KeyWords(tokens), (int)_layout.ValueWords(tokens));
            _keys = new NativeBuffer((long)layers * kvHeads * _keySize * sizeof(float));
            _values = new NativeBuffer((long)layers * kvHeads * _valueSize * sizeof(float));
            _shape = new() { Batch = 1, Queries = 1, Heads = heads, KvHeads = kvHeads, HeadDim = dim, ValueDim = dim, KeyCapacity = tokens, Stored = type, QueryHeadStride = dim, QueryStride = heads * dim, Scale = 1 / MathF.Sqrt(dim) };
            Random random = new(1);
            (_query, _output, _rows) = (Random(heads * dim), new float[heads * dim], Random(tokens * dim));
            _positions = [.. Enumerable.Range(0, tokens)];
            Store(tokens);

            float[] Random(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble() - 0.5f)];
        }

        public KvCacheType Type { get; }

        public long Bytes => (long)_layers * _kvHeads * (_keySize + _valueSize) * sizeof(float);

        public Samples Attention { get; } = new();

        public Samples Storing { get; } = new();

        public void Attend(WorkerPool pool)
        {
            for (int layer = 0; layer < _layers; layer++)
                FlashAttention.OverPanels(_shape, _query, _keys.AsFloats().Slice(layer * _kvHeads * _keySize, _kvHeads * _keySize), _values.AsFloats().Slice(layer * _kvHeads * _valueSize, _kvHeads * _valueSize), [_tokens - 1], default, _output, pool);
        }

        public void Store() => Store(StoredTokens);

        public void Dispose()
        {
            _keys.Dispose();
            _values.Dispose();
        }

        private void Store(int count)
        {
            ReadOnlySpan<int> positions = _positions.AsSpan(_tokens - count);
            KvSlots slots = new(_tokens);
            for (int head = 0; head < _layers * _kvHeads; head++)
            {
                KvStore.Keys(_rows, _layout.HeadDim, positions, _layout, slots, _keys.AsFloats().Slice(head * _keySize, _keySize));
                KvStore.Values(_rows, _layout.ValueDim, positions, _layout, slots, _values.AsFloats().Slice(head * _valueSize, _valueSize));
            }
        }
    }
}
