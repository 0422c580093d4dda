using System.Globalization;

namespace Heed.Training.Data;

/// <summary>
/// T5's objective (Raffel et al. 2019, arXiv 1910.10683) over another source's rows: an encoder reads a row with spans of tokens
/// taken out, a sentinel in the place of each, and a decoder writes each sentinel and what it stands for, then one sentinel
/// more. Which spans hangs on the seed and the row's number alone.
/// </summary>
public sealed class SpanBatches : IBatchSource
{
    // Other draws under the same seed have other numbers.
    private const ulong LengthStream = 0x7370616E, PlaceStream = 0x7370616F;
    private readonly IBatchSource _source;
    private readonly SpanOptions _options;
    private readonly HashSet<int> _kept;

    /// <summary>Takes spans out of the rows of <paramref name="source"/>, whose own targets do not count. A row is one text, whatever documents it holds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token, share or length is out of range.</exception>
    /// <exception cref="ArgumentException">There are fewer than two sentinels, or one stands twice.</exception>
    public SpanBatches(IBatchSource source, SpanOptions options)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        if (!(options.Share > 0 && options.Share < 1)) throw new ArgumentOutOfRangeException(nameof(options), options.Share, "SpanBatches: Share must be above 0 and below 1.");
        if (!(options.MeanLength >= 1) || !double.IsFinite(options.MeanLength)) throw new ArgumentOutOfRangeException(nameof(options), options.MeanLength, "SpanBatches: MeanLength must be 1 or more.");
        if (options.Sentinels.Count < 2 || options.Sentinels.Distinct().Count() != options.Sentinels.Count)
            throw new ArgumentException($"SpanBatches: got {options.Sentinels.Count} sentinels; expected 2 or more, each once.", nameof(options));
        (_source, _options) = (source, options);
        _kept = [.. options.SpecialTokens, .. options.Sentinels, options.EndToken, options.StartToken];
        if (_kept.Min() < 0 || _kept.Max() >= source.VocabSize)
            throw new ArgumentOutOfRangeException(nameof(options), _kept.Min() < 0 ? _kept.Min() : _kept.Max(), $"SpanBatches: sentinels and special tokens must be at least 0 and below the vocabulary of {source.VocabSize}.");
    }

    /// <inheritdoc/>
    public int BatchSize => _source.BatchSize;

    /// <summary>The longest target.</summary>
    public int SeqLen => TakenOut(_source.SeqLen) + Math.Min(_options.Sentinels.Count, TakenOut(_source.SeqLen) + 1) + 1;

    /// <summary>The longest source: a gap has as many tokens as its sentinel, or more, and an end comes on top.</summary>
    public int SourceLen => _source.SeqLen + 1;

    /// <inheritdoc/>
    public int VocabSize => _source.VocabSize;

    /// <inheritdoc/>
    public long RowsPerEpoch => _source.RowsPerEpoch;

    /// <inheritdoc/>
    public string Recipe => string.Create(CultureInfo.InvariantCulture,
        $"{_source.Recipe}; spans of {_options.MeanLength} tokens, {_options.Share} of all, {_options.Sentinels.Count} sentinels, seed {_options.Seed}");

    /// <inheritdoc/>
    public TrainingBatch Next(long step)
    {
        TrainingBatch batch = _source.Next(step);
        (int[], int[])[] pairs = new (int[], int[])[batch.Batch];
        for (int row = 0; row < pairs.Length; row++) pairs[row] = Corrupt(Text(batch, row), (ulong)((step * BatchSize) + row));
        return PairRows.Batch(pairs, _options.StartToken);
    }

    /// <summary>A row's tokens without padding, which lies as a token alone in its document does.</summary>
    private static int[] Text(TrainingBatch batch, int row)
    {
        List<int> tokens = new(batch.SeqLen);
        for (int column = 0; column < batch.SeqLen; column++)
        {
            int i = row * batch.SeqLen + column;
            bool isAlone = batch.FirstKeys[i] == column && (column + 1 == batch.SeqLen || batch.FirstKeys[i + 1] != column);
            if (batch.Positions[i] >= 0 && !isAlone) tokens.Add(batch.Tokens[i]);
        }
        return [.. tokens];
    }

    /// <summary>A text's source and target; nothing of a text that nothing can be taken out of.</summary>
    private (int[] Source, int[] Target) Corrupt(int[] text, ulong row)
    {
        bool[] taken = Spans(text.Count(token => !_kept.Contains(token)), row);
        List<int> source = [], target = [];
        int place = 0, used = 0;
        bool within = false;
        foreach (int token in text)
        {
            bool takes = !_kept.Contains(token) && taken[place++];
            // A gap around a special token becomes two, of which the second may find no sentinel: it stays.
            if (takes && !within && used == _options.Sentinels.Count - 1) takes = false;
            if (takes && !within)
            {
                source.Add(_options.Sentinels[used]);
                target.Add(_options.Sentinels[used++]);
            }
            (takes ? target : source).Add(token);
            within = takes;
        }
        if (used == 0) return ([], []);
        return ([.. source, _options.EndToken], [.. target, _options.Sentinels[used], _options.EndToken]);
    }

    /// <summary>
    /// Which of a row's ordinary tokens are taken out: a fixed number in a fixed number of spans, whose lengths, and those of what
    /// lies between them, are drawn evenly from all that are possible.
    /// </summary>
    private bool[] Spans(int count, ulong row)
    {
        bool[] taken = new bool[count];
        if (count < 2) return taken;
        int noise = TakenOut(count), kept = count - noise;
        int spans = Math.Min(Math.Clamp((int)Math.Round(noise / _options.MeanLength), 1, noise), Math.Min(_options.Sentinels.Count - 1, kept + 1));
        int[] lengths = Parts(noise, spans, CounterRandom.Key(_options.Seed, row, LengthStream));
        // There is something between two spans, and may be nothing before the first and after the last.
        int[] between = Parts(kept + 2, spans + 1, CounterRandom.Key(_options.Seed, row, PlaceStream));
        int at = between[0] - 1;
        for (int span = 0; span < spans; at += lengths[span] + between[span + 1], span++) taken.AsSpan(at, lengths[span]).Fill(true);
        return taken;
    }

    private int TakenOut(int count) => Math.Clamp((int)Math.Round(_options.Share * count), 1, Math.Max(1, count - 1));

    /// <summary>A number as a sum of so many parts of 1 or more.</summary>
    private static int[] Parts(int sum, int parts, ulong key)
    {
        int[] cuts = [0, .. CounterRandom.Distinct(key, parts - 1, sum - 1).Select(cut => cut + 1), sum];
        return [.. cuts.Skip(1).Zip(cuts, (end, start) => end - start)];
    }
}
