using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Inference;

/// <summary>Feeds tokens to a model, in chunks, and keeps what it says of the next one.</summary>
internal sealed class PromptReader(WritingModel model) : IDisposable
{
    internal const int Chunk = 256;
    // Of the logits of a prompt whose tokens are scored there are at most so many at a time.
    private const int MaxPromptLogits = 4 << 20;

    /// <summary>The memory of a step.</summary>
    public TensorScope Scope { get; } = new(recycles: true);

    /// <summary>Feeds tokens and keeps the logits after the last one.</summary>
    public void Read(TokenHistory history, ReadOnlySpan<int> tokens, Span<float> logits, CancellationToken cancellation)
    {
        KvCache cache = history.OwnCache();
        while (!tokens.IsEmpty)
        {
            ReadOnlySpan<int> chunk = tokens[..Math.Min(Chunk, tokens.Length)];
            using TensorScope.Lease step = Scope.Enter();
            Tensor result = model.Forward(chunk, cache, cancellation: cancellation);
            history.Add(chunk);
            tokens = tokens[chunk.Length..];
            if (tokens.IsEmpty) result.CopyTo(logits);
        }
    }

    /// <summary>Feeds tokens of which nothing is stored yet, keeps the logits after the last one, and scores each by what came before it.</summary>
    public List<TokenScore> ReadScored(TokenHistory history, ReadOnlySpan<int> tokens, TokenScorer scorer, Span<float> logits, CancellationToken cancellation)
    {
        KvCache cache = history.OwnCache();
        int vocabSize = model.VocabSize, most = Math.Clamp(MaxPromptLogits / vocabSize, 1, Chunk);
        List<TokenScore> scores = [TokenScore.First];
        for (int start = 0; start < tokens.Length; start += most)
        {
            ReadOnlySpan<int> chunk = tokens.Slice(start, Math.Min(most, tokens.Length - start));
            using TensorScope.Lease step = Scope.Enter();
            ReadOnlySpan<float> all = model.Forward(chunk, cache, LogitRows.All, cancellation: cancellation).AsSpan();
            history.Add(chunk);
            for (int i = 0; i < chunk.Length; i++)
            {
                ReadOnlySpan<float> row = all.Slice(i * vocabSize, vocabSize);
                if (scores.Count < tokens.Length) scores.Add(scorer.Score(row, tokens[scores.Count]));
                else row.CopyTo(logits);
            }
        }
        return scores;
    }

    public void Dispose() => Scope.Dispose();
}
