using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>
/// A product of quantized weights: x is quantized tile by tile; then each part takes a group of strips, which stay in the second-level
/// cache while a range of tiles passes over them.
/// </summary>
internal unsafe struct StripProduct<TQuants, TScales, TDot, TSum, TByteLanes, TBytes, TLanes, V> : IPoolJob
    where TQuants : struct, IStripQuants
    where TScales : struct, IStripScales
    where TDot : struct, IDotLanes<TSum, TBytes, V>
    where TByteLanes : struct, IByteLanes<TBytes>
    where TLanes : struct, ISixteen<V>
    where V : unmanaged
{
    private const int StripRows = StripMatrix.StripRows;

    // Multiply-adds below which the threads would wait for each other longer than they work.
    private const long PoolWork = 256 * 1024;

    private const int GroupBytes = 512 * 1024;

    // Rows of x that pass over a block at a time: more of them make up for preparing it, fewer stay in the second-level cache.
    private const int MaxRows = 32;

    private const int LineBytes = 64;

    private StripOperands _operands;
    private QuantizedRows _x;
    private int _stripsPerPart, _tilesPerPart, _tileParts;

    public static void Run(WorkerPool pool, in StripOperands operands, ref SharedInput input)
    {
        StripMatrix weights = operands.Weights;
        bool alone = pool.Threads == 1 || (long)operands.M * weights.Rows * weights.Columns < PoolWork;
        QuantizedRows x = input.Rows(new TileGrid(operands.M, MaxRows), weights.Columns);
        FillJob fill = new(x, operands.X, operands.Ldx, input.IsRounded);
        pool.Run(ref fill, x.Grid.Tiles, alone || x.Grid.Tiles == 1);
        input.IsRounded = true;
        StripProduct<TQuants, TScales, TDot, TSum, TByteLanes, TBytes, TLanes, V> product = new() { _operands = operands, _x = x };
        product.Divide(alone ? 1 : pool.Threads);
        pool.Run(ref product, product.Parts, alone);
    }

    private readonly int Parts => _tileParts * ((_operands.Weights.StripCount + _stripsPerPart - 1) / _stripsPerPart);

    /// <inheritdoc/>
    public readonly void Execute(int part)
    {
        int firstStrip = part / _tileParts * _stripsPerPart, firstTile = part % _tileParts * _tilesPerPart;
        int endStrip = Math.Min(firstStrip + _stripsPerPart, _operands.Weights.StripCount), endTile = Math.Min(firstTile + _tilesPerPart, _x.Grid.Tiles);
        for (int tile = firstTile; tile < endTile; tile++)
            for (int strip = firstStrip; strip < endStrip; strip++) Multiply(tile, strip);
    }

    /// <summary>Cuts the product into parts: large enough to reuse a group of strips, small and many enough to share evenly.</summary>
    private void Divide(int threads)
    {
        int strips = _operands.Weights.StripCount, wanted = threads == 1 ? 1 : 8 * threads;
        int cached = (int)Math.Clamp(GroupBytes / Math.Max(_operands.Weights.Bytes / strips, 1), 1, 1 << 20);
        _stripsPerPart = Math.Clamp((strips + wanted - 1) / wanted, 1, _x.Grid.Tiles == 1 ? strips : cached);
        int groups = (strips + _stripsPerPart - 1) / _stripsPerPart;
        int tileParts = Math.Clamp((wanted + groups - 1) / groups, 1, _x.Grid.Tiles);
        _tilesPerPart = (_x.Grid.Tiles + tileParts - 1) / tileParts;
        _tileParts = (_x.Grid.Tiles + _tilesPerPart - 1) / _tilesPerPart;
    }

    [SkipLocalsInit]
    private readonly void Multiply(int tile, int strip)
    {
        StripMatrix weights = _operands.Weights;
        int column = strip * StripRows, width = weights.RowsOf(strip), rows = _x.Grid.Rows(tile);
        Debug.Assert(rows <= MaxRows, "StripProduct: a tile has more rows than there are sums for.");
        // On a line of the cache, so that no register of sums lies across two.
        byte* memory = stackalloc byte[(MaxRows * StripRows * sizeof(float)) + LineBytes];
        float* sums = (float*)((nint)(memory + LineBytes - 1) & -LineBytes);
        StripTile operands = new()
        {
            Rows = rows,
            Blocks = weights.Blocks,
            Weights = weights.Strip(strip),
            X = _x.Quants(tile),
            XScales = _x.Scales(tile),
            Corrections = _x.Corrections(tile),
            Sums = sums,
        };
        if (rows == 1) StripKernel.Run<TQuants, TScales, TDot, TSum, TByteLanes, TBytes, TLanes, V, OneRow>(operands);
        else StripKernel.Run<TQuants, TScales, TDot, TSum, TByteLanes, TBytes, TLanes, V, ManyRows>(operands);
        float* bias = _operands.Bias == null ? null : _operands.Bias + column, y = _operands.Y + (_x.Grid.First(tile) * _operands.Ldy) + column;
        for (int row = 0; row < rows; row++, sums += StripRows, y += _operands.Ldy)
        {
            if (bias == null && !_operands.Accumulate && width == StripRows) TLanes.Store(y, TLanes.Load(sums));
            else Finish(sums, bias, y, width, _operands.Accumulate);
        }
    }

    /// <summary>y = (sums + bias) + the old y, each where asked for.</summary>
    private static void Finish(float* sums, float* bias, float* y, int count, bool accumulate)
    {
        for (int i = 0; i < count; i++)
        {
            float sum = sums[i];
            if (bias != null) sum += bias[i];
            y[i] = accumulate ? sum + y[i] : sum;
        }
    }

    /// <summary>One part rounds one tile, if that is not done yet, and makes what the format needs of it.</summary>
    private readonly struct FillJob(QuantizedRows rows, float* x, nint stride, bool isRounded) : IPoolJob
    {
        public void Execute(int part)
        {
            if (!isRounded) rows.Fill(part, x + (rows.Grid.First(part) * stride), stride);
            rows.Correct<TQuants, TScales, TDot, TSum, TBytes, V>(part);
        }
    }
}
