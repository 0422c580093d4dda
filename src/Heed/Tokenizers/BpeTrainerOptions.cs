namespace Heed.Tokenizers;

/// <summary>What a <see cref="BpeTrainer"/> makes.</summary>
public sealed record BpeTrainerOptions
{
    /// <summary>How many ids at most, special tokens and the 256 bytes among them; fewer where the text runs out of pairs.</summary>
    public int VocabSize { get; init; } = 4096;

    /// <summary>A pair that occurs less often than this is not merged; at least 1.</summary>
    public int MinFrequency { get; init; } = 2;

    /// <summary>The special tokens, which get the first ids in this order.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = ["<|endoftext|>"];

    /// <summary>The special token that begins a sequence, or null.</summary>
    public string? Bos { get; init; } = "<|endoftext|>";

    /// <summary>The special token that ends a sequence, or null.</summary>
    public string? Eos { get; init; } = "<|endoftext|>";

    /// <summary>The special token that fills up a batch, or null.</summary>
    public string? Pad { get; init; }

    /// <summary>Whether encoding puts <see cref="Bos"/> before a text.</summary>
    public bool AddBos { get; init; }

    /// <summary>The regular expression that cuts text into words, inside which pairs merge; GPT-2's by default. A text that it does not cut is one word.</summary>
    public string Pattern { get; init; } = WordScanner.Gpt2Pattern;

    /// <summary>The Jinja chat template that goes into tokenizer_config.json, or null.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>How many threads count words; 0 takes one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    internal void Check()
    {
        int least = 256 + SpecialTokens.Count;
        if (VocabSize < least)
            throw new ArgumentOutOfRangeException(nameof(VocabSize), VocabSize, $"BpeTrainer: VocabSize must be at least {least}: 256 bytes and {SpecialTokens.Count} special tokens.");
        if (MinFrequency < 1) throw new ArgumentOutOfRangeException(nameof(MinFrequency), MinFrequency, "BpeTrainer: MinFrequency must be at least 1.");
        if (Threads < 0) throw new ArgumentOutOfRangeException(nameof(Threads), Threads, "BpeTrainer: Threads must be at least 0.");
        CheckSpecialTokens();
    }

    private void CheckSpecialTokens()
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (string token in SpecialTokens)
        {
            if (string.IsNullOrEmpty(token)) throw new ArgumentException("BpeTrainer: a special token is empty.", nameof(SpecialTokens));
            if (!seen.Add(token)) throw new ArgumentException($"BpeTrainer: the special token '{token}' appears twice.", nameof(SpecialTokens));
            if (token.Length == 1 && ByteAlphabet.Byte(token[0]) >= 0)
                throw new ArgumentException($"BpeTrainer: the special token '{token}' is how a byte is spelled; need more than one character.", nameof(SpecialTokens));
        }

        foreach ((string role, string? token) in new[] { (nameof(Bos), Bos), (nameof(Eos), Eos), (nameof(Pad), Pad) })
            if (token is not null && !seen.Contains(token)) throw new ArgumentException($"BpeTrainer: {role} is '{token}', which is not among the special tokens.", role);
        if (AddBos && Bos is null) throw new ArgumentException("BpeTrainer: AddBos needs Bos.", nameof(AddBos));
    }
}
