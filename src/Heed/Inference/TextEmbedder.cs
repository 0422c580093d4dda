using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>
/// Makes vectors of texts: the final hidden states of their tokens, pooled. Texts of like lengths share a pass, and each gets the
/// numbers that it would get alone. Of a model of two halves the encoder reads them.
/// </summary>
internal sealed class TextEmbedder(Transformer model, Tokenizer tokenizer, int contextLength, EmbeddingOptions options)
{
    // Tokens of a pass, padding included: enough to fill matrix products, few enough to be cancelled soon.
    private const int MostTokens = 2048;

    private readonly Transformer _reader = model.Encoder ?? model;
    private readonly int _most = model.Encoder?.Config.MaxSeqLen ?? contextLength;
    private readonly EmbeddingPooling _pooling = options.Pooling ?? ((model.Encoder ?? model).Config.Bidirectional ? EmbeddingPooling.Mean : EmbeddingPooling.LastToken);

    // Their angles depend on the longest row of a pass.
    private readonly bool _alone = (model.Encoder ?? model).Config.StableLength < int.MaxValue;

    /// <exception cref="ArgumentException">A text has no tokens, or is longer than the context and may not be cut.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public TextEmbedding[] Embed(IReadOnlyList<string> texts, CancellationToken cancellation) => Embed([.. texts.Select(Encode)], cancellation);

    /// <inheritdoc cref="Embed(IReadOnlyList{string}, CancellationToken)"/>
    public TextEmbedding[] Embed(IReadOnlyList<int[]> texts, CancellationToken cancellation)
    {
        int[][] tokens = [.. texts.Select(Fit)];
        int[] order = [.. Enumerable.Range(0, tokens.Length).OrderBy(i => tokens[i].Length)];
        TextEmbedding[] embeddings = new TextEmbedding[tokens.Length];
        using TensorScope scope = new(recycles: true);
        using GradientTape.Pause pause = GradientTape.NoGrad();
        for (int start = 0; start < order.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            int end = start + 1;
            while (!_alone && end < order.Length && tokens[order[end]].Length * (end + 1 - start) <= MostTokens) end++;
            using TensorScope.Lease step = scope.Enter();
            Embed(tokens, order.AsSpan(start, end - start), embeddings, cancellation);
            start = end;
        }
        return embeddings;
    }

    private void Embed(int[][] tokens, ReadOnlySpan<int> rows, TextEmbedding[] embeddings, CancellationToken cancellation)
    {
        int seq = tokens[rows[^1]].Length, hidden = _reader.Config.HiddenSize;
        int[] ids = new int[rows.Length * seq], positions = new int[ids.Length];
        Array.Fill(positions, -1);
        for (int row = 0; row < rows.Length; row++)
        {
            int[] text = tokens[rows[row]];
            text.CopyTo(ids, row * seq);
            for (int i = 0; i < text.Length; i++) positions[row * seq + i] = i;
        }
        ReadOnlySpan<float> states = _reader.States(ids, positions, rows.Length, cancellation: cancellation).AsSpan(); // [batch, seq, hidden]
        for (int row = 0; row < rows.Length; row++)
        {
            int length = tokens[rows[row]].Length;
            embeddings[rows[row]] = new TextEmbedding(Pool(states.Slice(row * seq * hidden, length * hidden), hidden), length);
        }
    }

    /// <summary>One vector of the states of a text, [length, hidden]; sums in double precision, first token to last.</summary>
    private float[] Pool(ReadOnlySpan<float> states, int hidden)
    {
        int length = states.Length / hidden;
        (int first, int count) = _pooling switch
        {
            EmbeddingPooling.Cls => (0, 1),
            EmbeddingPooling.LastToken => (length - 1, 1),
            _ => (0, length),
        };
        double[] sums = new double[options.Dimensions ?? hidden];
        for (int token = first; token < first + count; token++)
            for (int i = 0; i < sums.Length; i++) sums[i] += states[token * hidden + i];
        double divisor = count;
        if (options.Normalize)
        {
            double squares = 0;
            foreach (double sum in sums) squares += sum * sum;
            divisor = squares > 0 ? Math.Sqrt(squares) : 1;
        }
        return Array.ConvertAll(sums, sum => (float)(sum / divisor));
    }

    private int[] Encode(string text)
    {
        int[] ids = tokenizer.Encode(text, options.AddSpecialTokens);
        // Sources end with an end token in training.
        if (model.Encoder is not null && tokenizer.EosId is { } eos && (ids.Length == 0 || ids[^1] != eos)) ids = [.. ids, eos];
        return ids.Length == 0 && (tokenizer.BosId ?? tokenizer.EosId) is { } only ? [only] : ids;
    }

    private int[] Fit(int[] ids, int index)
    {
        if (ids.Length == 0) throw new ArgumentException($"EmbedAsync: text {index} has no tokens; expected one or more.", "texts");
        if (ids.Length <= _most) return ids;
        if (!options.Truncate)
            throw new ArgumentException($"EmbedAsync: text {index} has {ids.Length} tokens; the context holds {_most}. EmbeddingOptions.Truncate cuts such texts.", "texts");
        bool ends = _most > 1 && ids[^1] < tokenizer.VocabSize && tokenizer.IsSpecial(ids[^1]);
        return ends ? [.. ids[..(_most - 1)], ids[^1]] : ids[.._most];
    }
}
