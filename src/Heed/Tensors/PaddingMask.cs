namespace Heed.Tensors;

/// <summary>The real keys of each batch row, wherever they stand.</summary>
internal sealed record PaddingMask : AttentionMask
{
    private readonly MaskRuns[] _rows;
    private readonly int _keys;

    public PaddingMask(bool[,] real)
    {
        ArgumentNullException.ThrowIfNull(real);
        if (real.GetLength(0) == 0) TensorErrors.Argument("AttentionMask.Padding: got no batch rows; expected 1 or more.");
        _keys = real.GetLength(1);
        _rows = new MaskRuns[real.GetLength(0)];
        for (int b = 0; b < _rows.Length; b++)
        {
            MaskRuns row = _rows[b] = new MaskRuns();
            row.Reset(0, _keys);
            row.Begin();
            for (int j = 0; j < _keys; j++)
                if (real[b, j]) row.Keep(j, j + 1);
            row.Commit();
        }
    }

    internal override int BatchRows => _rows.Length;

    public override string ToString() => $"Padding({_rows.Length} × {_keys})";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        runs.Begin();
        foreach ((int first, int end) in _rows[_rows.Length == 1 ? 0 : row.Batch].Runs) runs.Keep(first, end);
        runs.Commit();
    }

    internal override void Check(in MaskSizes sizes)
    {
        if (sizes.Keys != _keys) TensorErrors.Argument($"AttentionMask.Padding: got {_keys} keys; there are {sizes.Keys}.");
    }
}
