using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// The documents that rows of tokens hold, for layers that take whole sequences alone: documents of one length go through such
/// a layer together, and padding does not.
/// </summary>
internal sealed class RowDocuments
{
    private readonly bool _areRows;
    private readonly List<(int Length, List<int> Starts)> _groups = [];
    private readonly int[] _places;

    /// <exception cref="ArgumentException">A token's first key is not where its document begins.</exception>
    public RowDocuments(OwnRows rows)
    {
        int tokens = rows.Positions.Length, seq = rows.Seq;
        _places = new int[tokens];
        for (int start = 0, end; start < tokens; start = end)
        {
            end = start + 1;
            if (rows.Positions[start] < 0) continue;
            int column = start % seq, first = First(rows, start);
            if (first != column)
                throw new ArgumentException($"Loss: token {column} of row {start / seq} has the first key {first}; expected {column}, since a mixer takes whole documents.", nameof(rows));
            while (end < tokens && end % seq > 0 && rows.Positions[end] >= 0 && First(rows, end) == first) end++;
            Add(end - start, start);
        }
        _areRows = _groups is [{ } only] && only.Length == seq && only.Starts.Count * seq == tokens;
        if (!_areRows) Place();
    }

    /// <summary>A layer's outputs where each document is a sequence of its own; zeros for padding.</summary>
    /// <param name="x">[batch, seq, in].</param>
    /// <param name="size">The size of an output.</param>
    /// <param name="layer">Takes [documents, length, in] to [documents, length, size].</param>
    /// <returns>[batch, seq, size].</returns>
    public Tensor Apply(Tensor x, int size, Func<Tensor, Tensor> layer)
    {
        if (_areRows) return layer(x);
        Tensor tokens = x.Reshape(Shape.Of(_places.Length, x.Shape[2]));
        List<Tensor> parts = [];
        foreach ((int length, List<int> starts) in _groups)
        {
            int[] members = [.. starts.SelectMany(start => Enumerable.Range(start, length))];
            Tensor mixed = layer(Ops.Gather(tokens, members).Reshape(new Shape(starts.Count, length, x.Shape[2]))); // [documents, length, size]
            parts.Add(mixed.Reshape(Shape.Of(members.Length, size)));
        }
        parts.Add(Tensor.Zeros(Shape.Of(1, size), x.Device));
        return Ops.Gather(Ops.Concat(0, [.. parts]), _places).Reshape(new Shape(x.Shape[0], x.Shape[1], size));
    }

    private static int First(OwnRows rows, int token) => rows.FirstKeys.Length == 0 ? 0 : rows.FirstKeys[token];

    private void Add(int length, int start)
    {
        int group = _groups.FindIndex(known => known.Length == length);
        if (group < 0) _groups.Add((length, [start]));
        else _groups[group].Starts.Add(start);
    }

    /// <summary>Finds each token's place among the groups' outputs; padding has that after the last.</summary>
    private void Place()
    {
        Array.Fill(_places, _groups.Sum(group => group.Length * group.Starts.Count));
        int at = 0;
        foreach ((int length, List<int> starts) in _groups)
            foreach (int start in starts)
                for (int i = 0; i < length; i++) _places[start + i] = at++;
    }
}
