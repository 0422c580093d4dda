using Heed.Inference.Grammars;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>What every text that a model writes needs of the model.</summary>
/// <param name="Network">The network.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="EndTokens">Tokens that end a text.</param>
/// <param name="Vocabulary">The texts of the tokens, for grammars.</param>
/// <param name="Ranks">What the ranks that share the network agree on; null for a network of this process alone.</param>
internal sealed record WritingModel(Transformer Network, Tokenizer Tokenizer, IReadOnlySet<int> EndTokens, Lazy<VocabularyTrie> Vocabulary, WritingAgreement? Ranks = null)
{
    public int VocabSize => Network.Config.VocabSize;

    /// <summary>The network's pass; where ranks share it, they stop before it or make it together.</summary>
    /// <inheritdoc cref="Transformer.Forward"/>
    public Tensor Forward(ReadOnlySpan<int> tokens, KvCache cache, LogitRows rows = LogitRows.Last, int depth = 0, CancellationToken cancellation = default)
    {
        Ranks?.Check(tokens, cache.Length());
        return Network.Forward(tokens, cache, rows: rows, depth: depth, cancellation: cancellation);
    }

    /// <summary>What stands before a text: what begins one, or else what ends one.</summary>
    /// <exception cref="ArgumentException">The vocabulary has neither.</exception>
    public int FirstToken => Tokenizer.BosId ?? Tokenizer.EosId
        ?? throw new ArgumentException("Complete: something must stand before the first token, and the model has neither a begin nor an end token; give at least one token.");

    /// <summary>A prompt as it goes into a context: never empty, and cut at its beginning if it may be.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the vocabulary.</exception>
    /// <exception cref="ContextOverflowException">It is longer than <paramref name="bound"/> and may not be cut.</exception>
    public int[] Fit(ReadOnlySpan<int> prompt, GenerationOptions options, int bound)
    {
        if (prompt.IsEmpty) return [FirstToken];
        foreach (int token in prompt)
            if ((uint)token >= (uint)VocabSize)
                throw new ArgumentOutOfRangeException(nameof(prompt), token, $"Complete: token {token} is not in the model's vocabulary of {VocabSize}.");
        if (prompt.Length <= bound) return prompt.ToArray();
        if (options.Overflow == ContextOverflow.Stop) throw new ContextOverflowException(prompt.Length, bound);
        bool begins = Tokenizer.BosId is { } bos && prompt[0] == bos;
        int kept = Math.Max(1, bound / 2);
        return begins && kept > 1 ? [prompt[0], .. prompt[^(kept - 1)..]] : prompt[^kept..].ToArray();
    }

    /// <summary>Lets the encoder read a source into a cache that is empty, with the end token that sources have in training.</summary>
    /// <returns>What the decoder begins with.</returns>
    public int ReadSource(KvCache cache, ReadOnlySpan<int> prompt, GenerationOptions options, CancellationToken cancellation)
    {
        int[] end = Tokenizer.EosId is { } id && (prompt.IsEmpty || prompt[^1] != id) ? [id] : [];
        int[] source = Fit([.. prompt, .. end], options, Network.Encoder!.Config.MaxSeqLen);
        Network.Encode(new SourceRows(source), cache, cancellation);
        return FirstToken;
    }
}
