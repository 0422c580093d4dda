using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>Gathers the tiles of a mask, query tile by query tile; tiles that look the same share their bits.</summary>
internal sealed class MaskTileList
{
    private const int Size = MaskTiles.TileSize;

    private readonly int _queries, _keys;
    private readonly ulong[] _words; // [key tiles, 64]: the query tile that is being gathered
    private readonly bool[] _touched;
    private readonly List<int> _touchedTiles = [], _starts = [0], _keyTiles = [], _bits = [];
    private readonly List<ulong> _rowBits = [];
    private readonly Dictionary<int, List<int>> _mapsByHash = [];

    public MaskTileList(int queries, int keys)
    {
        (_queries, _keys) = (queries, keys);
        _touched = new bool[(keys + Size - 1) / Size];
        _words = new ulong[_touched.Length * Size];
    }

    /// <summary>Query <paramref name="i"/> of the tile sees the keys from <paramref name="first"/> to before <paramref name="end"/>.</summary>
    public void Add(int i, int first, int end)
    {
        for (int tile = first / Size; tile * Size < end; tile++)
        {
            if (!_touched[tile])
            {
                _touched[tile] = true;
                _touchedTiles.Add(tile);
            }
            int from = Math.Max(0, first - tile * Size), to = Math.Min(Size, end - tile * Size);
            _words[tile * Size + i] |= ulong.MaxValue >> (Size - (to - from)) << from;
        }
    }

    /// <summary>Ends a query tile of <paramref name="queries"/> rows.</summary>
    public void EndQueryTile(int queries)
    {
        _touchedTiles.Sort();
        foreach (int tile in _touchedTiles)
        {
            Span<ulong> words = _words.AsSpan(tile * Size, Size);
            ulong whole = ulong.MaxValue >> (Size - Math.Min(Size, _keys - tile * Size));
            _keyTiles.Add(tile);
            _bits.Add(words[..queries].ContainsAnyExcept(whole) ? MapOf(words) : -1);
            words.Clear();
            _touched[tile] = false;
        }
        _touchedTiles.Clear();
        _starts.Add(_keyTiles.Count);
    }

    public MaskTiles ToTiles(int batchMaps, int headMaps)
    {
        ulong[] rows = [.. _rowBits], columns = new ulong[rows.Length];
        for (int i = 0; i < rows.Length; i += Size) BitMatrix.Transpose(rows.AsSpan(i, Size), columns.AsSpan(i, Size));
        return new MaskTiles(batchMaps, headMaps, _queries, _keys)
        {
            Starts = [.. _starts],
            KeyTiles = [.. _keyTiles],
            Bits = [.. _bits],
            RowBits = rows,
            ColumnBits = columns,
        };
    }

    private int MapOf(ReadOnlySpan<ulong> words)
    {
        HashCode hash = new();
        foreach (ulong word in words) hash.Add(word);
        int code = hash.ToHashCode();
        if (!_mapsByHash.TryGetValue(code, out List<int>? maps)) _mapsByHash.Add(code, maps = []);
        ReadOnlySpan<ulong> known = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_rowBits);
        foreach (int map in maps)
            if (known.Slice(map * Size, Size).SequenceEqual(words)) return map;
        int index = _rowBits.Count / Size;
        _rowBits.AddRange(words);
        maps.Add(index);
        return index;
    }
}
