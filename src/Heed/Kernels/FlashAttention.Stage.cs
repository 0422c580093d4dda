using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels;

/// <content>
/// What the training kernels share: rows are packed in tiles of 64, zeros where nobody may look, so that all products run in
/// the register tiles of <see cref="MatMul"/>. A weight of 0 hides only finite numbers; heads with others go to the scalar twins.
/// </content>
internal static unsafe partial class FlashAttention
{
    private const int Panel = PackedPanels.PanelRows;

    // Rows that are asked for before they are copied.
    private const int RowsAhead = 12;

    private static int RoundToPanel(int count) => (count + Panel - 1) / Panel * Panel;

    private static int TilesOf(int rows) => (rows + TileRows - 1) / TileRows;

    /// <summary>c[rows, panels * 32] (+)= aᵀ b: a is [k, lda], b is panels of [k, 32].</summary>
    private static void Product<TLanes, TVector>(
        int rows, int panels, int k, float* a, int lda, float* b, nint panelStride, float* c, int ldc, bool resume)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
    {
        int tiles = (rows + TLanes.MaxRows - 1) / TLanes.MaxRows;
        for (int t = 0, first = 0; t < tiles; t++)
        {
            int count = (rows - first + tiles - t - 1) / (tiles - t);
            for (int p = 0; p < panels; p++)
            {
                MatMul.TileByPanel<TLanes, TVector>(
                    count, k, a + first, lda, b + (p * panelStride), c + ((nint)first * ldc) + (p * Panel), ldc, resume);
            }

            first += count;
        }
    }

    /// <summary>Rows of one head lie in a page each, which the hardware does not foresee: asks for one to come.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchRow(float* row, int dim)
    {
        if (Sse.IsSupported)
        {
            for (int d = 0; d < dim; d += 16)
            {
                Sse.Prefetch0(row + d);
            }
        }
    }

    /// <summary>Copies one row, zeros up to the pitch; the result carries NaN where the row is not finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V StageRow<L, V>(float* source, int dim, float* destination, int pitch, V check)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V zero = L.Create(0f);
        for (int d = 0; d < pitch; d += 16)
        {
            V x = d + 16 <= dim ? L.Load(source + d) : d < dim ? L.LoadPart(source + d, dim - d, 0f) : zero;
            check = L.Fma(x, zero, check);
            L.Store(destination + d, x);
        }

        return check;
    }

    /// <summary>Stages 64 rows [64, pitch]; rows outside of first up to end become zeros. False where one is not finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool StageRange<L, V>(float* source, long stride, int first, int end, int dim, float* staged, int pitch)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V check = L.Create(0f);
        for (int r = 0; r < TileRows; r++)
        {
            bool seen = r >= first && r < end;
            PrefetchRow(source + ((r + RowsAhead) * stride), dim);
            check = StageRow<L, V>(source + (seen ? r * stride : 0), seen ? dim : 0, staged + (r * pitch), pitch, check);
        }

        return L.Sum(check) == 0f;
    }

    /// <summary>The same for the rows that see a key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool StageSeeing<L, V>(float* source, long stride, in QueryRows rows, int dim, float* staged, int pitch)
        where L : ISixteen<V>
        where V : unmanaged
    {
        V check = L.Create(0f);
        for (int r = 0; r < TileRows; r++)
        {
            bool sees = rows.Begins[r] < rows.Ends[r];
            PrefetchRow(source + ((r + RowsAhead) * stride), dim);
            check = StageRow<L, V>(source + (sees ? r * stride : 0), sees ? dim : 0, staged + (r * pitch), pitch, check);
        }

        return L.Sum(check) == 0f;
    }

    /// <summary>[64, pitch] to panels [pitch / 32, 64, 32].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowPanels<L, V>(float* staged, int pitch, float* panels)
        where L : ISixteen<V>
        where V : unmanaged
    {
        for (int p = 0; p < pitch; p += Panel)
        {
            for (int r = 0; r < TileRows; r++, panels += Panel)
            {
                L.Store(panels, L.Load(staged + (r * pitch) + p));
                L.Store(panels + 16, L.Load(staged + (r * pitch) + p + 16));
            }
        }
    }

    /// <summary>[64, pitch] to panels [2, dim, 32].</summary>
    private static void ColumnPanels(float* staged, int pitch, int dim, float* panels)
    {
        TilePacking.Transpose(staged, pitch, Panel, dim, panels, Panel);
        TilePacking.Transpose(staged + (Panel * pitch), pitch, Panel, dim, panels + (Panel * dim), Panel);
    }

    /// <summary>The first key that any query of a batch row sees, and one past the last; 0 and 0 where none sees any.</summary>
    private static (int First, int End) VisibleKeys(in AttentionArgs args, int batch)
    {
        int first = int.MaxValue, end = 0;
        for (int i = 0; i < args.Queries; i++)
        {
            int limit = args.Limits[((long)batch * args.Queries) + i];
            int begin = args.FirstVisible(batch, i, limit);
            if (begin <= limit)
            {
                first = Math.Min(first, begin);
                end = Math.Max(end, limit + 1);
            }
        }

        return end == 0 ? (0, 0) : (first, end);
    }
}
