namespace Heed.Training.Data;

/// <summary>
/// Windows that stand side by side: in each epoch every token is an input once, and every token but the first a target once.
/// Shuffled, each epoch begins the windows at another place of the text, which is taken as a ring, and shows them in another order.
/// </summary>
public sealed class WindowBatches : IBatchSource
{
    private readonly TokenView _view;
    private readonly RowOrder _order;
    private readonly ulong? _seed;
    private readonly bool _separate;

    /// <summary>Makes a source of windows.</summary>
    /// <param name="view">The tokens.</param>
    /// <param name="batchSize">Rows in a batch.</param>
    /// <param name="seqLen">Tokens in a row; the last window of an epoch may be shorter, and the rest of its row is padding.</param>
    /// <param name="shuffleSeed">Null gives the windows in order, once: for evaluation.</param>
    /// <param name="separateDocuments">Documents do not see each other and are not predicted from each other; otherwise the text runs on.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    public WindowBatches(TokenView view, int batchSize, int seqLen, ulong? shuffleSeed, bool separateDocuments = false)
    {
        ArgumentNullException.ThrowIfNull(view);
        RowOrder.CheckShape(nameof(WindowBatches), batchSize, seqLen);
        (_view, BatchSize, SeqLen, _seed, _separate) = (view, batchSize, seqLen, shuffleSeed, separateDocuments);
        _order = new RowOrder(nameof(WindowBatches), 1 + ((view.TokenCount - 1) / seqLen), batchSize, seqLen, shuffleSeed);
    }

    /// <inheritdoc/>
    public int BatchSize { get; }

    /// <inheritdoc/>
    public int SeqLen { get; }

    /// <inheritdoc/>
    public int VocabSize => _view.VocabSize;

    /// <inheritdoc/>
    public long RowsPerEpoch => _order.Rows;

    /// <inheritdoc/>
    public string Recipe => _order.Recipe(_separate ? "WindowBatches of separate documents" : nameof(WindowBatches));

    /// <inheritdoc/>
    public TrainingBatch Next(long step) => _order.Make(step, Fill);

    private void Fill(long row, long epoch, RowWriter writer)
    {
        // Drawn from another counter than the epoch's order.
        long phase = _seed is { } seed ? CounterRandom.Below(~seed, (ulong)epoch, _view.TokenCount) : 0;
        long from = row * SeqLen;
        int left = (int)Math.Min(SeqLen, _view.TokenCount - from);
        long at = (from + phase) % _view.TokenCount;
        while (left > 0)
        {
            long end = _separate ? _view.DocumentStart(_view.DocumentAt(at) + 1) : _view.TokenCount;
            int count = (int)Math.Min(left, end - at);
            bool hasNext = at + count < end;
            int[] tokens = new int[count + (hasNext ? 1 : 0)];
            _view.Read(at, tokens);
            writer.Add(tokens.AsSpan(0, count), hasNext ? tokens[count] : TrainingBatch.IgnoreIndex);
            left -= count;
            at = (at + count) % _view.TokenCount;
        }
    }
}
