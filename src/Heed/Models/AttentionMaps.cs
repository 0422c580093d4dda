using Heed.Tensors;

namespace Heed.Models;

/// <summary>
/// What every head of a model looks at in a text: the weights softmax(scores) of each query over the keys, read from the
/// model's own forward pass. Positions, windows, soft-caps, biases and top-k are in them.
/// </summary>
/// <remarks>
/// Weights are computed again from the fused attention's logsumexp, so that a row's sum is 1 up to rounding, and less where a
/// sink takes the rest. They show where a head reads, not why the model says what it says (Jain and Wallace 2019, arXiv 1902.10186).
/// </remarks>
public sealed class AttentionMaps
{
    /// <summary>The most bytes that the weights may take together.</summary>
    public const long MaxBytes = 1L << 30;

    private readonly int _first;
    private readonly float[][] _weights;
    private readonly double[][] _entropies;

    private AttentionMaps(ModelConfig config, int[] tokens, int first, int count)
    {
        Config = config;
        Tokens = tokens;
        Layers = [.. Enumerable.Range(first, count)];
        _first = first;
        _weights = new float[count][];
        _entropies = new double[count][];
    }

    /// <summary>What the model is.</summary>
    public ModelConfig Config { get; }

    /// <summary>The token ids of the text; each is a query and a key.</summary>
    public IReadOnlyList<int> Tokens { get; }

    /// <summary>The numbers of the layers that there are weights of, in rising order.</summary>
    public IReadOnlyList<int> Layers { get; }

    /// <summary>The number of query heads in a layer.</summary>
    public int Heads => Config.NumHeads;

    /// <summary>Runs a model over a text and keeps what its heads look at. Safe for concurrent calls; no gradient is recorded.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text's token ids, 1 to the model's context.</param>
    /// <param name="layer">The one layer to keep, from 0; all if null.</param>
    /// <param name="cancellation">Looked at before each block.</param>
    /// <exception cref="ArgumentException">There are no tokens, more than the context holds, or weights of more than <see cref="MaxBytes"/>; or the model has an encoder, or another mixer than attention.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the vocabulary, or there is no such layer.</exception>
    public static AttentionMaps Of(Transformer model, ReadOnlySpan<int> tokens, int? layer = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        Check(model.Config, tokens.Length, layer);
        AttentionMaps maps = new(model.Config, tokens.ToArray(), layer ?? 0, layer is null ? model.Config.NumLayers : 1);
        model.Observe(tokens, maps.Keep, cancellation);
        return maps;
    }

    /// <summary>The weights of a layer, [heads, queries, keys]; 0 where a query does not see a key.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of <see cref="Layers"/>.</exception>
    public ReadOnlySpan<float> Weights(int layer) => _weights[IndexOf(layer)];

    /// <summary>The weights of a head, [queries, keys].</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer or head.</exception>
    public ReadOnlySpan<float> Weights(int layer, int head)
    {
        int size = Tokens.Count * Tokens.Count;
        return Weights(layer).Slice(CheckHead(head) * size, size);
    }

    /// <summary>The mean over the queries of the entropy −Σ p·ln p of their weights, in nats: 0 where each looks at one key.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layer or head.</exception>
    public double Entropy(int layer, int head) => _entropies[IndexOf(layer)][CheckHead(head)];

    private static void Check(ModelConfig config, int tokens, int? layer)
    {
        if (config.Encoder is not null) throw new ArgumentException("AttentionMaps: the model has an encoder beside its decoder; expected one that reads a single text.", nameof(config));
        if (config.Mixer != MixerKind.Attention)
            throw new ArgumentException($"AttentionMaps: the model's Mixer is {config.Mixer}; expected {MixerKind.Attention}: other mixers have no softmax weights to show.", nameof(config));
        if (tokens < 1 || tokens > config.MaxSeqLen)
            throw new ArgumentException($"AttentionMaps: got {tokens} tokens; expected 1 to {config.MaxSeqLen}, the model's context.", nameof(tokens));
        if (layer is { } one && (uint)one >= (uint)config.NumLayers)
            throw new ArgumentOutOfRangeException(nameof(layer), layer, $"AttentionMaps: got layer {layer}; expected 0 to {config.NumLayers - 1}.");
        long layers = layer is null ? config.NumLayers : 1;
        decimal bytes = (decimal)sizeof(float) * layers * config.NumHeads * tokens * tokens;
        if (bytes > MaxBytes)
            throw new ArgumentException($"AttentionMaps: {layers} layers of {config.NumHeads} heads over {tokens} tokens take {bytes / (1 << 20):F0} MiB; expected at most {MaxBytes >> 20} MiB: take fewer tokens or one layer.", nameof(tokens));
    }

    private void Keep(int layer, AttentionResult attention)
    {
        int index = layer - _first, seq = Tokens.Count, size = seq * seq;
        if ((uint)index >= (uint)_weights.Length) return;
        // Global tokens with projections of their own come by themselves, and have seen nothing until then.
        float[] all = _weights[index] ??= new float[Heads * size];
        double[] entropies = _entropies[index] ??= new double[Heads];
        int queries = attention.Output.Shape[1];
        var rows = new (int Batch, int Head, int Query)[queries];
        for (int head = 0; head < Heads; head++)
        {
            using TensorScope.Lease lease = TensorScope.Begin();
            for (int query = 0; query < queries; query++) rows[query] = (0, head, query);
            Span<float> weights = all.AsSpan(head * size, size);
            float[] found = attention.Weights(rows).ToArray();
            int keys = found.Length / queries;
            for (int i = 0; i < found.Length; i++) weights[i / keys * seq + i % keys] += found[i];
            entropies[head] = MeanEntropy(weights, seq);
        }
    }

    private static double MeanEntropy(ReadOnlySpan<float> weights, int queries)
    {
        double sum = 0;
        foreach (float p in weights)
            if (p > 0) sum -= p * Math.Log(p);
        return Math.Max(0, sum / queries);
    }

    private int IndexOf(int layer)
    {
        int index = layer - _first;
        if ((uint)index >= (uint)_weights.Length)
            throw new ArgumentOutOfRangeException(nameof(layer), layer, $"AttentionMaps: got layer {layer}; expected {_first} to {_first + _weights.Length - 1}.");
        return index;
    }

    private int CheckHead(int head)
    {
        if ((uint)head >= (uint)Heads)
            throw new ArgumentOutOfRangeException(nameof(head), head, $"AttentionMaps: got head {head}; expected 0 to {Heads - 1}.");
        return head;
    }
}
