namespace Heed.Training.Data;

/// <summary>
/// Whole documents laid into rows until these are nearly full, with positions from 0 and a mask that keeps documents apart. In
/// each epoch every document is seen once, the rows in another order. A document longer than a row is cut into parts that do not
/// see each other. Holds about 24 bytes for each document.
/// </summary>
public sealed class PackedBatches : IBatchSource
{
    private readonly TokenView _view;
    private readonly long[] _starts;
    private readonly int[] _lengths;
    private readonly RowPacker _rows;
    private readonly RowOrder _order;

    /// <summary>Packs the documents of a selection.</summary>
    /// <param name="view">The documents.</param>
    /// <param name="batchSize">Rows in a batch.</param>
    /// <param name="seqLen">Tokens in a row.</param>
    /// <param name="shuffleSeed">Null gives the rows in order, once: for evaluation.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    public PackedBatches(TokenView view, int batchSize, int seqLen, ulong? shuffleSeed)
    {
        ArgumentNullException.ThrowIfNull(view);
        RowOrder.CheckShape(nameof(PackedBatches), batchSize, seqLen);
        (_view, BatchSize, SeqLen) = (view, batchSize, seqLen);
        List<long> starts = new(view.DocumentCount);
        List<int> lengths = new(view.DocumentCount);
        for (int document = 0; document < view.DocumentCount; document++)
        {
            long end = view.DocumentStart(document + 1);
            for (long at = view.DocumentStart(document); at < end; at += seqLen)
            {
                starts.Add(at);
                lengths.Add((int)Math.Min(seqLen, end - at));
            }
        }

        (_starts, _lengths) = (starts.ToArray(), lengths.ToArray());
        _rows = RowPacker.Pack(_lengths, seqLen);
        _order = new RowOrder(nameof(PackedBatches), _rows.Rows, batchSize, seqLen, shuffleSeed);
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
    public string Recipe => _order.Recipe(nameof(PackedBatches));

    /// <inheritdoc/>
    public TrainingBatch Next(long step) => _order.Make(step, Fill);

    private void Fill(long row, long epoch, RowWriter writer)
    {
        foreach (int item in _rows[row])
        {
            (long start, int length) = (_starts[item], _lengths[item]);
            bool hasNext = start + length < _view.DocumentStart(_view.DocumentAt(start) + 1);
            int[] tokens = new int[length + (hasNext ? 1 : 0)];
            _view.Read(start, tokens);
            writer.Add(tokens.AsSpan(0, length), hasNext ? tokens[length] : TrainingBatch.IgnoreIndex);
        }
    }
}
