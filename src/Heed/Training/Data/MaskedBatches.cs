using System.Globalization;

namespace Heed.Training.Data;

/// <summary>
/// The masked-language objective (Devlin et al. 2018, arXiv 1810.04805) over another source's rows: some tokens are chosen, most of
/// them hidden, and they alone are targets, at their own places. For models that see both ways. Every row with a token that
/// can be chosen has at least one that is; padding, and a token alone in its document, cannot.
/// </summary>
public sealed class MaskedBatches : IBatchSource
{
    // Other draws under the same seed have other numbers.
    private const ulong MaskStream = 0x6D61736B;
    private readonly IBatchSource _source;
    private readonly MaskingOptions _options;
    private readonly int[] _excluded;
    private readonly HashSet<int> _lookup;

    /// <summary>Masks the batches of <paramref name="source"/>, whose own targets do not count.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token or share is out of range.</exception>
    /// <exception cref="ArgumentException">No token is left to be chosen.</exception>
    public MaskedBatches(IBatchSource source, MaskingOptions options)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        if (!(options.Share > 0 && options.Share <= 1)) throw new ArgumentOutOfRangeException(nameof(options), options.Share, "MaskedBatches: Share must be above 0 and at most 1.");
        if (!(options.MaskedShare >= 0 && options.RandomShare >= 0 && options.MaskedShare + options.RandomShare <= 1 + 1e-9))
            throw new ArgumentOutOfRangeException(nameof(options), $"{options.MaskedShare} and {options.RandomShare}", "MaskedBatches: MaskedShare and RandomShare must be 0 or more and together at most 1.");
        (_source, _options) = (source, options);
        _lookup = [.. options.SpecialTokens, options.MaskToken];
        _excluded = [.. _lookup.Order()];
        if (_excluded[0] < 0 || _excluded[^1] >= source.VocabSize)
            throw new ArgumentOutOfRangeException(nameof(options), _excluded[0] < 0 ? _excluded[0] : _excluded[^1], $"MaskedBatches: the mask and special tokens must be at least 0 and below the vocabulary of {source.VocabSize}.");
        if (_excluded.Length == source.VocabSize) throw new ArgumentException($"MaskedBatches: all {source.VocabSize} tokens are special; need one that can be masked.", nameof(options));
    }

    /// <inheritdoc/>
    public int BatchSize => _source.BatchSize;

    /// <inheritdoc/>
    public int SeqLen => _source.SeqLen;

    /// <inheritdoc/>
    public int VocabSize => _source.VocabSize;

    /// <inheritdoc/>
    public long RowsPerEpoch => _source.RowsPerEpoch;

    /// <inheritdoc/>
    public string Recipe => string.Create(CultureInfo.InvariantCulture,
        $"{_source.Recipe}; masked {_options.Share}, of these {_options.MaskedShare} by token {_options.MaskToken} and {_options.RandomShare} at random, seed {_options.Seed}, never {string.Join(' ', _excluded)}");

    /// <inheritdoc/>
    public TrainingBatch Next(long step)
    {
        TrainingBatch batch = _source.Next(step);
        Array.Fill(batch.Targets, TrainingBatch.IgnoreIndex);
        List<int> candidates = new(SeqLen);
        for (int row = 0; row < batch.Batch; row++)
        {
            candidates.Clear();
            for (int i = row * SeqLen; i < (row + 1) * SeqLen; i++)
                if (CanBeChosen(batch, i)) candidates.Add(i);
            // A row hangs on its number alone: large batches hold the rows of small ones.
            if (candidates.Count > 0) MaskRow(batch, candidates, CounterRandom.Key(_options.Seed, (ulong)(step * BatchSize + row), MaskStream));
        }
        return batch;
    }

    private void MaskRow(TrainingBatch batch, List<int> candidates, ulong key)
    {
        bool any = false;
        foreach (int i in candidates)
        {
            ulong draw = 3 * (ulong)(i % SeqLen);
            if (Fraction(key, draw) >= _options.Share) continue;
            Mask(batch, i, key, draw);
            any = true;
        }
        if (any) return;
        int forced = candidates[(int)CounterRandom.Below(key, 3 * (ulong)SeqLen, candidates.Count)];
        Mask(batch, forced, key, 3 * (ulong)(forced % SeqLen));
    }

    private void Mask(TrainingBatch batch, int i, ulong key, ulong draw)
    {
        batch.Targets[i] = batch.Tokens[i];
        double kind = Fraction(key, draw + 1);
        if (kind < _options.MaskedShare) batch.Tokens[i] = _options.MaskToken;
        else if (kind < _options.MaskedShare + _options.RandomShare) batch.Tokens[i] = Ordinary((int)CounterRandom.Below(key, draw + 2, VocabSize - _excluded.Length));
    }

    /// <summary>The token of a number among those that are not special.</summary>
    private int Ordinary(int number)
    {
        foreach (int special in _excluded)
        {
            if (number < special) break;
            number++;
        }
        return number;
    }

    // Padding lies as a token alone in its document does, from which nothing can be learned either.
    private bool CanBeChosen(TrainingBatch batch, int i)
    {
        int column = i % SeqLen;
        bool isAlone = batch.FirstKeys[i] == column && (column + 1 == SeqLen || batch.FirstKeys[i + 1] != column);
        return !isAlone && batch.Positions[i] >= 0 && !_lookup.Contains(batch.Tokens[i]);
    }

    private static double Fraction(ulong key, ulong counter) => (CounterRandom.Bits(key, counter) >> 11) * (1.0 / (1UL << 53));
}
