using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Heed.Tokenizers;

namespace Heed.Training.Data;

/// <summary>Pairs of a source and a target as ids, each text with the end token behind it. All of them are in memory.</summary>
public sealed class PairDataset
{
    private readonly int[][] _sources;
    private readonly int[][] _targets;

    private PairDataset(int[][] sources, int[][] targets, int vocabSize, int startToken) =>
        (_sources, _targets, VocabSize, StartToken) = (sources, targets, vocabSize, startToken);

    /// <summary>How many pairs there are.</summary>
    public int Count => _sources.Length;

    /// <summary>How many were left out: too long, or without a target.</summary>
    public int SkippedCount { get; private init; }

    /// <summary>The ids of all sources together.</summary>
    public long SourceTokens => _sources.Sum(source => (long)source.Length);

    /// <summary>The ids of all targets together; each is predicted.</summary>
    public long TargetTokens => _targets.Sum(target => (long)target.Length);

    /// <summary>The longest source, its end token included.</summary>
    public int LongestSource => _sources.Max(source => source.Length);

    /// <summary>The longest target, its end token included.</summary>
    public int LongestTarget => _targets.Max(target => target.Length);

    /// <summary>Every id is less than this.</summary>
    public int VocabSize { get; }

    /// <summary>What the decoder reads before a target.</summary>
    public int StartToken { get; }

    /// <summary>The first pair's source.</summary>
    public string FirstSource { get; private init; } = "";

    /// <summary>Encodes pairs.</summary>
    /// <param name="pairs">The texts, as <see cref="PairFile.Read"/> gives them.</param>
    /// <param name="tokenizer">A tokenizer with an end token.</param>
    /// <param name="maxSource">Pairs with more tokens in their source, the end token included, are left out.</param>
    /// <param name="maxTarget">The same for targets.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="ArgumentException">The tokenizer has no end token, or nothing is left to learn from.</exception>
    public static PairDataset Encode(IEnumerable<TextPair> pairs, Tokenizer tokenizer, int maxSource, int maxTarget, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.EosId is not { } end) throw new ArgumentException("PairDataset: the tokenizer has no end token; expected one, which tells the decoder where to stop.", nameof(tokenizer));
        List<int[]> sources = [], targets = [];
        int skipped = 0;
        string? first = null;
        foreach (TextPair pair in pairs)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] source = [.. tokenizer.Encode(pair.Source, addSpecial: false), end], target = [.. tokenizer.Encode(pair.Target, addSpecial: false), end];
            if (source.Length > maxSource || target.Length > maxTarget || pair.Target.Length == 0)
            {
                skipped++;
                continue;
            }
            first ??= pair.Source;
            sources.Add(source);
            targets.Add(target);
        }
        if (first is null)
            throw new ArgumentException(skipped == 0 ? "PairDataset: there are no pairs; expected one or more." : $"PairDataset: each of the {skipped} pairs has an empty target, a source of more than {maxSource} tokens, or a target of more than {maxTarget}; nothing is left to learn from.", nameof(pairs));
        return new PairDataset([.. sources], [.. targets], tokenizer.VocabSize, tokenizer.BosId ?? end) { SkippedCount = skipped, FirstSource = first };
    }

    /// <summary>Tells the pairs from others: 32 hexadecimal digits of a hash of their ids.</summary>
    public string Fingerprint()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (int[] ids in _sources.Concat(_targets))
        {
            hash.AppendData(MemoryMarshal.AsBytes<int>([ids.Length]));
            hash.AppendData(MemoryMarshal.AsBytes<int>(ids));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, TokenizerFingerprint.Bytes));
    }

    /// <summary>Holds out a fraction of the pairs, evenly spread.</summary>
    /// <param name="validationFraction">At least 0 and less than 1.</param>
    /// <returns>What is trained on, and what is held out: null where the fraction is less than one pair.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The fraction is out of range, or leaves nothing to train on.</exception>
    public (PairDataset Train, PairDataset? Validation) Split(double validationFraction)
    {
        if (!(validationFraction >= 0 && validationFraction < 1))
            throw new ArgumentOutOfRangeException(nameof(validationFraction), validationFraction, "Split: validationFraction must be at least 0 and less than 1.");
        bool IsHeldOut(int pair) => Math.Floor((pair + 1) * validationFraction) > Math.Floor(pair * validationFraction);
        int heldOut = Enumerable.Range(0, Count).Count(IsHeldOut);
        if (heldOut == 0) return (this, null);
        if (heldOut == Count) throw new ArgumentOutOfRangeException(nameof(validationFraction), validationFraction, $"Split: nothing of {Count} pairs is left to train on.");
        return (Select(pair => !IsHeldOut(pair)), Select(IsHeldOut));
    }

    internal int[] Source(long pair) => _sources[pair];

    internal int[] Target(long pair) => _targets[pair];

    private PairDataset Select(Func<int, bool> takes)
    {
        int[] pairs = [.. Enumerable.Range(0, Count).Where(takes)];
        return new PairDataset([.. pairs.Select(pair => _sources[pair])], [.. pairs.Select(pair => _targets[pair])], VocabSize, StartToken) { FirstSource = FirstSource };
    }
}
