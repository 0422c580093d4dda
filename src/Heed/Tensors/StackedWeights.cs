namespace Heed.Tensors;

/// <summary>Matrices over the same inputs, one below the other: a fused layer whose parts are stored differently.</summary>
internal sealed class StackedWeights : LinearWeights
{
    private readonly LinearWeights[] _parts;

    public StackedWeights(params LinearWeights[] parts) : base(parts.Sum(part => part.Rows), parts[0].Columns)
    {
        foreach (LinearWeights part in parts)
            if (part.Columns != Columns)
                TensorErrors.Argument($"StackedWeights: a part has {part.Columns} columns, the first one {Columns}; they must be equal.");
        _parts = parts;
    }

    public ReadOnlySpan<LinearWeights> Parts => _parts;

    public override long ResidentBytes => _parts.Sum(part => part.ResidentBytes);

    public override void ReadRow(int row, Span<float> destination)
    {
        foreach (LinearWeights part in _parts)
        {
            if (row < part.Rows)
            {
                part.ReadRow(row, destination);
                return;
            }
            row -= part.Rows;
        }
        throw new ArgumentOutOfRangeException(nameof(row), row, $"StackedWeights: the matrix has {Rows} rows.");
    }

    public override void Dispose()
    {
        base.Dispose();
        foreach (LinearWeights part in _parts) part.Dispose();
    }
}
