namespace Heed.Kernels;

/// <content>Which tiles of keys a tile of queries meets.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>The key tiles of one tile of queries in rising order: all between its rows' first and last key, or those that the mask lists.</summary>
    private struct KeyTileWalk
    {
        private readonly MaskTiles? _tiles;
        private readonly int _end;
        private int _entry;
        private readonly int _lastEntry;

        /// <summary>The tile's first key.</summary>
        public int Start;

        /// <summary>Its bit map, -1 for none.</summary>
        public int Bits;

        public KeyTileWalk(in AttentionArgs args, in QueryRows rows, int batch, int head)
        {
            _tiles = args.Modifiers.Tiles;
            _end = rows.End;
            Bits = -1;
            Start = rows.End == 0 ? 0 : (rows.First / TileKeys * TileKeys) - TileKeys;
            if (_tiles != null)
            {
                int row = (_tiles.MapOf(batch, head) * _tiles.QueryTiles) + (rows.Query / TileRows);
                _entry = _tiles.Starts[row] - 1;
                _lastEntry = _tiles.Starts[row + 1] - 1;
            }
        }

        public bool Next()
        {
            if (_tiles == null)
            {
                Start += TileKeys;
                return Start < _end;
            }

            int after = Start;
            while (_entry < _lastEntry)
            {
                Start = _tiles.KeyTiles[++_entry] * TileKeys;
                Bits = _tiles.Bits[_entry];
                if (Start > after)
                {
                    return Start < _end;
                }
            }

            return false;
        }

        /// <summary>Moves on to the tile at <paramref name="start"/>; false where it is not met. Starts must rise from call to call.</summary>
        public bool Reach(int start)
        {
            Start = start;
            if (_tiles == null)
            {
                return true;
            }

            while (_entry < _lastEntry && _tiles.KeyTiles[_entry + 1] * TileKeys < start)
            {
                _entry++;
            }

            if (_entry == _lastEntry || _tiles.KeyTiles[_entry + 1] * TileKeys != start)
            {
                return false;
            }

            Bits = _tiles.Bits[_entry + 1];
            return true;
        }
    }
}
