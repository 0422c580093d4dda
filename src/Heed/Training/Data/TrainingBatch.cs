using Heed.Models;

namespace Heed.Training.Data;

/// <summary>
/// Rows of tokens with what is to be predicted. All arrays are [batch, seq], row-major. A row may hold several documents, which
/// must not see each other: a token at place i of its row attends to the places <see cref="FirstKeys"/>[i] up to i.
/// </summary>
public sealed class TrainingBatch
{
    /// <summary>The target where there is nothing to predict.</summary>
    public const int IgnoreIndex = -100;

    /// <summary>Makes a batch of padding: token 0, no targets, each token a document of its own.</summary>
    /// <param name="batch">How many rows.</param>
    /// <param name="seqLen">How long a row is.</param>
    public TrainingBatch(int batch, int seqLen)
    {
        (Batch, SeqLen) = (batch, seqLen);
        int count = checked(batch * seqLen);
        (Tokens, Targets, Positions, FirstKeys) = (new int[count], new int[count], new int[count], new int[count]);
        Array.Fill(Targets, IgnoreIndex);
        for (int i = 0; i < count; i++) FirstKeys[i] = i % seqLen;
    }

    /// <summary>How many rows.</summary>
    public int Batch { get; }

    /// <summary>How long a row is.</summary>
    public int SeqLen { get; }

    /// <summary>The input ids; 0 where a row is filled up.</summary>
    public int[] Tokens { get; }

    /// <summary>For each token the one that follows in its document, or <see cref="IgnoreIndex"/>.</summary>
    public int[] Targets { get; }

    /// <summary>Each token's position in its document, from 0.</summary>
    public int[] Positions { get; }

    /// <summary>For each token the place in its row of its document's first token: the first key that it may see.</summary>
    public int[] FirstKeys { get; }

    /// <summary>What a model's encoder reads, one text for each row; null for models without one.</summary>
    public SourceRows? Sources { get; init; }

    /// <summary>Some neighbouring rows, a copy of them.</summary>
    internal TrainingBatch Slice(int first, int count)
    {
        TrainingBatch part = new(count, SeqLen) { Sources = count == 0 ? null : Sources?.Slice(first, count) };
        Tokens.AsSpan(first * SeqLen, count * SeqLen).CopyTo(part.Tokens);
        Targets.AsSpan(first * SeqLen, count * SeqLen).CopyTo(part.Targets);
        Positions.AsSpan(first * SeqLen, count * SeqLen).CopyTo(part.Positions);
        FirstKeys.AsSpan(first * SeqLen, count * SeqLen).CopyTo(part.FirstKeys);
        return part;
    }

    /// <summary>How many tokens have a target: what a mean loss divides by.</summary>
    public int TargetCount => Targets.Length - Targets.AsSpan().Count(IgnoreIndex);
}
