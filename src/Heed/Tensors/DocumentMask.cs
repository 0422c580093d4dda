namespace Heed.Tensors;

/// <summary>A query sees the keys that bear its own document's number; a query before the first key sees none.</summary>
internal sealed record DocumentMask : AttentionMask
{
    private readonly int[][] _ids;
    private readonly Dictionary<int, List<(int First, int End)>>[] _stretches;

    public DocumentMask(int[][] ids)
    {
        if (ids.Length == 0) TensorErrors.Argument("AttentionMask.Documents: got no batch rows; expected 1 or more.");
        _ids = ids;
        _stretches = Array.ConvertAll(ids, StretchesOf);
    }

    internal override int BatchRows => _ids.Length;

    public override string ToString() => $"Documents({_ids.Length} × {_ids[0].Length})";

    internal override void Narrow(in MaskRow row, MaskRuns runs)
    {
        if (row.Position < 0)
        {
            runs.Clear();
            return;
        }
        int batch = _ids.Length == 1 ? 0 : row.Batch;
        runs.Begin();
        foreach ((int first, int end) in _stretches[batch][_ids[batch][row.Position]]) runs.Keep(first, end);
        runs.Commit();
    }

    internal override void Check(in MaskSizes sizes)
    {
        if (sizes.Keys != _ids[0].Length) TensorErrors.Argument($"AttentionMask.Documents: got the documents of {_ids[0].Length} keys; there are {sizes.Keys}.");
    }

    private static Dictionary<int, List<(int First, int End)>> StretchesOf(int[] ids)
    {
        Dictionary<int, List<(int, int)>> stretches = [];
        for (int start = 0, end; start < ids.Length; start = end)
        {
            end = start + 1;
            while (end < ids.Length && ids[end] == ids[start]) end++;
            if (!stretches.TryGetValue(ids[start], out List<(int, int)>? own)) stretches.Add(ids[start], own = []);
            own.Add((start, end));
        }
        return stretches;
    }
}
