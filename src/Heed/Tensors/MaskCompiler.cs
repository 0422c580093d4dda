using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>
/// Compiles a mask: to an interval per query where each query's keys are one run in all heads, else to their hull and
/// tiles. Takes time and memory by the runs and the tiles, not by the pairs, but for masks that only know pairs.
/// </summary>
internal sealed class MaskCompiler
{
    private readonly AttentionMask _mask;
    private readonly MaskSizes _sizes;
    private readonly int _batchMaps, _headMaps;
    private readonly MaskRuns _runs = new();
    private readonly int[] _limits, _firsts;

    public MaskCompiler(AttentionMask mask, in MaskSizes sizes)
    {
        _mask = mask;
        _sizes = sizes;
        _batchMaps = mask.BatchRows == 1 ? Math.Min(1, sizes.Batch) : sizes.Batch;
        _headMaps = mask.HeadRows == 1 ? Math.Min(1, sizes.Heads) : sizes.Heads;
        _limits = new int[sizes.Batch * sizes.Queries];
        _firsts = new int[_limits.Length];
    }

    public CompiledMask Compile()
    {
        MaskTiles? tiles = null;
        if (!TryIntervals())
        {
            Array.Fill(_limits, -1);
            Array.Clear(_firsts);
            tiles = Tiles();
        }
        if (_batchMaps == 1)
            for (int b = 1; b < _sizes.Batch; b++)
            {
                Array.Copy(_limits, 0, _limits, b * _sizes.Queries, _sizes.Queries);
                Array.Copy(_firsts, 0, _firsts, b * _sizes.Queries, _sizes.Queries);
            }
        return new CompiledMask(_limits, _firsts.AsSpan().ContainsAnyExcept(0) ? _firsts : [], tiles);
    }

    /// <summary>The intervals, unless a query's keys have a gap or differ between heads.</summary>
    private bool TryIntervals()
    {
        for (int b = 0; b < _batchMaps; b++)
            for (int i = 0; i < _sizes.Queries; i++)
            {
                int row = b * _sizes.Queries + i;
                _limits[row] = -1;
                for (int h = 0; h < _headMaps; h++)
                {
                    See(b, h, i);
                    if (_runs.Count > 1) return false;
                    (int first, int limit) = _runs.Count == 0 ? (0, -1) : (_runs.First, _runs.End - 1);
                    if (h > 0 && (first != _firsts[row] || limit != _limits[row])) return false;
                    (_firsts[row], _limits[row]) = (first, limit);
                }
            }
        return true;
    }

    private MaskTiles Tiles()
    {
        MaskTileList list = new(_sizes.Queries, _sizes.Keys);
        for (int b = 0; b < _batchMaps; b++)
            for (int h = 0; h < _headMaps; h++)
                for (int start = 0; start < _sizes.Queries; start += MaskTiles.TileSize)
                {
                    int end = Math.Min(_sizes.Queries, start + MaskTiles.TileSize);
                    for (int i = start; i < end; i++)
                    {
                        See(b, h, i);
                        Widen(b * _sizes.Queries + i);
                        foreach ((int first, int last) in _runs.Runs) list.Add(i - start, first, last);
                    }
                    list.EndQueryTile(end - start);
                }
        return list.ToTiles(_batchMaps, _headMaps);
    }

    private void See(int batch, int head, int query)
    {
        _runs.Reset(0, _sizes.Keys);
        _mask.Narrow(new MaskRow(batch, head, query, _sizes.Queries, _sizes.Keys), _runs);
    }

    private void Widen(int row)
    {
        if (_runs.Count == 0) return;
        _firsts[row] = _limits[row] < 0 ? _runs.First : Math.Min(_firsts[row], _runs.First);
        _limits[row] = Math.Max(_limits[row], _runs.End - 1);
    }
}
