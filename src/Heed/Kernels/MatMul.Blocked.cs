using System.Diagnostics;

namespace Heed.Kernels;

/// <content>
/// Several rows of x: x is packed into tiles of up to 14 rows, the right-hand side comes in groups of panels that stay in the
/// second-level cache while all tiles pass over them. Only a long k is cut, since the sums of a tile are far away in memory and
/// cost more to leave and fetch than a tile's slice does; a cut chain goes on from the partial sums that it left behind.
/// </content>
internal static unsafe partial class MatMul
{
    private const int MaxKStep = 2048;
    private const int KGranule = 256;
    private const int MaxPanelsPerPart = 8;
    private const int GroupFloats = 128 * 1024;
    private const int MaxTilesPerPart = 74;
    private const long BlockedPoolWork = 512 * 1024;
    private const long MaxPackedFloats = 16L << 20;

    private static void Blocked<TLanes, TVector, TFeed>(WorkerPool pool, int m, int n, int k, Strided x, TFeed feed, float* bias, float* y, nint ldy, bool accumulate)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where TFeed : struct, IPanelFeed
    {
        int rowsAtOnce = (int)Math.Clamp(MaxPackedFloats / Math.Max(k, 1), TLanes.MaxRows, Math.Max(m, TLanes.MaxRows));
        for (int row = 0; row < m; row += rowsAtOnce)
        {
            int rows = Math.Min(rowsAtOnce, m - row);
            Strided chunk = x with { Pointer = x.Pointer + (row * x.RowStride) };
            BlockedRows<TLanes, TVector, TFeed>(pool, rows, n, k, chunk, feed, bias, y + (row * ldy), ldy, accumulate);
        }
    }

    private static void BlockedRows<TLanes, TVector, TFeed>(WorkerPool pool, int m, int n, int k, Strided x, TFeed feed, float* bias, float* y, nint ldy, bool accumulate)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where TFeed : struct, IPanelFeed
    {
        TileGrid grid = new(m, TLanes.MaxRows);
        bool alone = pool.Threads == 1 || (long)m * n * k < BlockedPoolWork;
        NativeBuffer packed = pool.Scratch.Rent((long)m * k * sizeof(float));
        try
        {
            PackTilesJob pack = new() { Grid = grid, K = k, X = x, Packed = (float*)packed.Pointer };
            pool.Run(ref pack, grid.Tiles, alone || grid.Tiles == 1);
            BlockedJob<TLanes, TVector, TFeed> job = new()
            {
                Grid = grid,
                N = n,
                K = k,
                KStep = KStep(k, wholeK: grid.Tiles == 1 && !TFeed.UsesScratch),
                Packed = (float*)packed.Pointer,
                Feed = feed,
                Bias = bias,
                Y = y,
                Ldy = ldy,
                Accumulate = accumulate,
                Scratch = pool.Scratch,
            };
            job.Divide(alone ? 1 : pool.Threads);
            pool.Run(ref job, job.Parts, alone);
        }
        finally
        {
            pool.Scratch.Return(packed);
        }
    }

    /// <summary>Cuts k evenly into multiples of 256, which the blocks of quantized weights divide.</summary>
    private static int KStep(int k, bool wholeK)
    {
        if (wholeK || k <= MaxKStep) return Math.Max(k, 1);
        int steps = (k + MaxKStep - 1) / MaxKStep;
        return ((k / steps) + KGranule) / KGranule * KGranule;
    }

    /// <summary>A matrix in memory: element (i, j) lies at i * RowStride + j * ColumnStride.</summary>
    private readonly record struct Strided(nint Address, nint RowStride, nint ColumnStride)
    {
        public Strided(float* pointer, nint rowStride, nint columnStride) : this((nint)pointer, rowStride, columnStride)
        {
        }

        public float* Pointer
        {
            get => (float*)Address;
            init => Address = (nint)value;
        }
    }

    private struct PackTilesJob : IPoolJob
    {
        public TileGrid Grid;
        public int K;
        public Strided X;
        public float* Packed;

        public readonly void Execute(int part)
        {
            int first = Grid.First(part), rows = Grid.Rows(part);
            float* source = X.Pointer + (first * X.RowStride);
            float* destination = Packed + ((long)first * K);
            if (X.ColumnStride == 1) TilePacking.Transpose(source, X.RowStride, rows, K, destination, rows);
            else if (X.RowStride == 1) TilePacking.CopyColumns(source, X.ColumnStride, rows, K, destination, rows);
            else TilePacking.Gather(source, X.RowStride, X.ColumnStride, rows, K, destination, rows);
        }
    }

    private struct BlockedJob<TLanes, TVector, TFeed> : IPoolJob
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where TFeed : struct, IPanelFeed
    {
        private const int Width = PackedPanels.PanelRows;

        public TileGrid Grid;
        public int N, K, KStep;
        public float* Packed, Bias, Y;
        public nint Ldy;
        public TFeed Feed;
        public bool Accumulate;
        public ScratchPool Scratch;
        private int _panels, _panelsPerPart, _tilesPerPart, _tileParts;

        public readonly int Parts => _tileParts * ((_panels + _panelsPerPart - 1) / _panelsPerPart);

        private readonly int PartialFloats => TLanes.MaxRows * Width;

        /// <summary>Cuts the outputs into parts: large enough to reuse a group of panels, small and many enough to share evenly.</summary>
        public void Divide(int threads)
        {
            _panels = (N + Width - 1) / Width;
            int wanted = threads == 1 ? 1 : 6 * threads;
            int cached = Math.Clamp(GroupFloats / (KStep * Width), 2, MaxPanelsPerPart);
            _panelsPerPart = Math.Clamp(_panels / wanted, Math.Min(2, _panels), cached);
            int groups = (_panels + _panelsPerPart - 1) / _panelsPerPart;
            int tileParts = Math.Clamp((wanted + groups - 1) / groups, 1, Grid.Tiles);
            _tilesPerPart = Math.Min((Grid.Tiles + tileParts - 1) / tileParts, MaxTilesPerPart);
            _tileParts = (Grid.Tiles + _tilesPerPart - 1) / _tilesPerPart;
        }

        public readonly void Execute(int part)
        {
            int firstPanel = part / _tileParts * _panelsPerPart, firstTile = part % _tileParts * _tilesPerPart;
            int panels = Math.Min(_panelsPerPart, _panels - firstPanel), tiles = Math.Min(_tilesPerPart, Grid.Tiles - firstTile);
            long feedFloats = TFeed.UsesScratch ? (long)panels * Math.Min(KStep, K) * Width : 0;
            long partials = KStep >= K ? 1 : (long)tiles * panels;
            NativeBuffer scratch = Scratch.Rent((feedFloats + (partials * PartialFloats)) * sizeof(float));
            try
            {
                float* memory = (float*)scratch.Pointer;
                for (int firstK = 0; firstK < K || firstK == 0; firstK += KStep)
                    Slice(firstPanel, panels, firstTile, tiles, firstK, memory, memory + feedFloats);
            }
            finally
            {
                Scratch.Return(scratch);
            }
        }

        private readonly void Slice(int firstPanel, int panels, int firstTile, int tiles, int firstK, float* memory, float* partials)
        {
            float** slices = stackalloc float*[MaxPanelsPerPart];
            int kCount = Math.Min(KStep, K - firstK);
            Feed.Fetch(firstPanel, panels, firstK, kCount, memory, slices);
            for (int t = 0; t < tiles; t++)
            {
                int row = Grid.First(firstTile + t), rows = Grid.Rows(firstTile + t);
                float* a = Packed + ((long)row * K) + ((long)firstK * rows);
                for (int p = 0; p < panels; p++)
                {
                    float* partial = KStep >= K ? partials : partials + ((long)((t * panels) + p) * PartialFloats);
                    Cell(a, slices[p], row, rows, (firstPanel + p) * Width, kCount, firstK, partial);
                }
            }
        }

        /// <summary>One tile by one panel; sums go straight to y where nothing else needs its old content and the panel is full.</summary>
        private readonly void Cell(float* a, float* b, int row, int rows, int column, int kCount, int firstK, float* partial)
        {
            float* y = Y + (row * Ldy) + column;
            int width = Math.Min(Width, N - column);
            bool direct = !Accumulate && width == Width;
            float* sums = direct ? y : partial;
            nint stride = direct ? Ldy : Width;
            TileByPanel<TLanes, TVector>(rows, kCount, a, rows, b, sums, stride, firstK > 0);
            if (firstK + kCount < K || (direct && Bias == null)) return;
            float* bias = Bias == null ? null : Bias + column;
            for (int r = 0; r < rows; r++) FinishRow<TLanes, TVector>(sums + (r * stride), bias, y + (r * Ldy), width, Accumulate);
        }
    }
}
