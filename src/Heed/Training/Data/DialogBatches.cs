namespace Heed.Training.Data;

/// <summary>
/// Whole dialogs laid into rows until these are nearly full, with positions from 0 and a mask that keeps dialogs apart; targets
/// are the model's own words alone. In each epoch every dialog is seen once, the rows in another order.
/// </summary>
public sealed class DialogBatches : IBatchSource
{
    private readonly DialogDataset _dialogs;
    private readonly RowPacker _rows;
    private readonly RowOrder _order;

    /// <summary>Packs dialogs.</summary>
    /// <param name="dialogs">The dialogs.</param>
    /// <param name="batchSize">Rows in a batch.</param>
    /// <param name="seqLen">Tokens in a row, at least as many as the longest dialog has; see <see cref="DialogOptions.MaxTokens"/>.</param>
    /// <param name="shuffleSeed">Null gives the rows in order, once: for evaluation.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of range.</exception>
    public DialogBatches(DialogDataset dialogs, int batchSize, int seqLen, ulong? shuffleSeed)
    {
        ArgumentNullException.ThrowIfNull(dialogs);
        RowOrder.CheckShape(nameof(DialogBatches), batchSize, seqLen);
        (_dialogs, BatchSize, SeqLen) = (dialogs, batchSize, seqLen);
        int[] lengths = new int[dialogs.Count];
        for (int dialog = 0; dialog < lengths.Length; dialog++) lengths[dialog] = dialogs.Tokens(dialog).Length;
        if (lengths.Max() > seqLen)
            throw new ArgumentOutOfRangeException(nameof(seqLen), seqLen, $"DialogBatches: a dialog has {lengths.Max()} tokens, more than a row; load the dialogs with MaxTokens {seqLen}.");
        _rows = RowPacker.Pack(lengths, seqLen);
        _order = new RowOrder(nameof(DialogBatches), _rows.Rows, batchSize, seqLen, shuffleSeed);
    }

    /// <inheritdoc/>
    public int BatchSize { get; }

    /// <inheritdoc/>
    public int SeqLen { get; }

    /// <inheritdoc/>
    public int VocabSize => _dialogs.VocabSize;

    /// <inheritdoc/>
    public long RowsPerEpoch => _order.Rows;

    /// <inheritdoc/>
    public string Recipe => _order.Recipe(nameof(DialogBatches));

    /// <inheritdoc/>
    public TrainingBatch Next(long step) => _order.Make(step, Fill);

    private void Fill(long row, long epoch, RowWriter writer)
    {
        foreach (int dialog in _rows[row]) writer.Add(_dialogs.Tokens(dialog), _dialogs.Targets(dialog));
    }
}
