namespace Heed.Tensors;

/// <summary>A matrix of booleans [batch, heads, queries, keys]; axes of 1 hold for all.</summary>
internal sealed record DenseMask : AttentionMask
{
    private readonly bool[] _seen;
    private readonly int _batch, _heads, _queries, _keys;

    /// <summary>Keeps <paramref name="seen"/>, which nobody else may change.</summary>
    public DenseMask(bool[] seen, in Shape shape)
    {
        if (shape.Rank > 4 || shape.ElementCount == 0 && shape.ToArray().AsSpan(0, Math.Max(0, shape.Rank - 2)).Contains(0))
            TensorErrors.WrongShape("AttentionMask.Dense", "seen", shape, "at most [batch, heads, queries, keys], with 1 or more of the first two");
        if (seen.Length != shape.ElementCount) TensorErrors.Argument($"AttentionMask.Dense: got {seen.Length} values for shape {shape}; expected {shape.ElementCount}.");
        _seen = seen;
        _batch = Axis(shape, 4);
        _heads = Axis(shape, 3);
        _queries = Axis(shape, 2);
        _keys = Axis(shape, 1);
    }

    internal override int BatchRows => _batch;

    internal override int HeadRows => _heads;

    public override string ToString() => $"Dense({new Shape(_batch, _heads, _queries, _keys)})";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        int batch = _batch == 1 ? 0 : row.Batch, head = _heads == 1 ? 0 : row.Head, query = _queries == 1 ? 0 : row.Query;
        ReadOnlySpan<bool> keys = _seen.AsSpan(((batch * _heads + head) * _queries + query) * _keys, _keys);
        if (_keys == 1)
        {
            if (!keys[0]) runs.Clear();
            return;
        }
        runs.Begin();
        for (int first = 0; first < keys.Length;)
        {
            int gap = keys[first..].IndexOf(true);
            if (gap < 0) break;
            first += gap;
            int length = keys[first..].IndexOf(false);
            int end = length < 0 ? keys.Length : first + length;
            runs.Keep(first, end);
            first = end;
        }
        runs.Commit();
    }

    internal override void Check(in MaskSizes sizes)
    {
        if (_queries != 1 && _queries != sizes.Queries || _keys != 1 && _keys != sizes.Keys)
            TensorErrors.Argument($"AttentionMask.Dense: got {_queries} queries and {_keys} keys; there are {sizes.Queries} and {sizes.Keys}.");
    }

    private static int Axis(in Shape shape, int fromEnd) => shape.Rank < fromEnd ? 1 : shape[^fromEnd];
}
