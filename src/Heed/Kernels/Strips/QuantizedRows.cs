using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Heed.Kernels.Strips;

/// <summary>
/// Rows of x in signed bytes: blocks of 32 with a float32 scale each, max|x| / 127, so that x is about scale·q. A row's bytes depend
/// on that row alone. They lie tile by tile as <see cref="StripTile"/> has them.
/// </summary>
internal readonly unsafe struct QuantizedRows
{
    private const int Block = StripMatrix.BlockColumns;

    // A block with less than this is taken for zeros: its scale's inverse would overflow.
    private const float Smallest = 1e-34f;

    private readonly byte* _memory;

    /// <summary>A view of memory of at least <see cref="BytesFor"/> bytes.</summary>
    public QuantizedRows(NativeBuffer memory, TileGrid grid, int columns)
    {
        Debug.Assert(columns % Block == 0, "QuantizedRows: the columns are not a whole number of blocks.");
        Debug.Assert(memory.Bytes >= BytesFor(grid.TotalRows, columns), "QuantizedRows: the memory is too small.");
        _memory = memory.Pointer;
        Grid = grid;
        Blocks = columns / Block;
    }

    public TileGrid Grid { get; }

    public int Blocks { get; }

    public static long BytesFor(int rows, int columns) => (long)rows * columns / Block * (Block + sizeof(float) + (4 * sizeof(int)));

    public int* Quants(int tile) => (int*)(_memory + ((long)Grid.First(tile) * Blocks * Block));

    public float* Scales(int tile) => (float*)(_memory + ((long)Grid.TotalRows * Blocks * Block)) + ((long)Grid.First(tile) * Blocks);

    /// <summary>Two words for each block and row.</summary>
    public int* Corrections(int tile) => (int*)Scales(0) + ((long)Grid.TotalRows * Blocks) + (2L * Grid.First(tile) * Blocks);

    /// <summary>The sums of each half of each block of q.</summary>
    private int* Sums(int tile) => (int*)Scales(0) + (3L * Grid.TotalRows * Blocks) + (2L * Grid.First(tile) * Blocks);

    /// <summary>Quantizes a tile's rows. Bounds: reads <see cref="TileGrid.Rows"/> rows of 32·blocks floats, <paramref name="stride"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Fill(int tile, float* x, nint stride)
    {
        Debug.Assert((uint)tile < (uint)Grid.Tiles && (Grid.TotalRows == 1 || stride >= Blocks * Block), "QuantizedRows: no such tile, or rows of x that overlap.");
        int rows = Grid.Rows(tile);
        sbyte* quants = (sbyte*)Quants(tile);
        int* sums = Sums(tile);
        float* scales = Scales(tile);
        for (int row = 0; row < rows; row++)
        {
            float* from = x + (row * stride);
            for (nint block = 0, at = row; block < Blocks; block++, at += rows)
                FillBlock(from + (block * Block), quants + (at * Block), scales + at, sums + (2 * at));
        }
    }

    /// <summary>What the sums of a format begin with, or its minima are multiplied with, for a tile that was filled.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Correct<TQuants, TScales, TDot, TSum, TBytes, V>(int tile)
        where TQuants : struct, IStripQuants
        where TScales : struct, IStripScales
        where TDot : struct, IDotLanes<TSum, TBytes, V>
    {
        Debug.Assert((uint)tile < (uint)Grid.Tiles && TScales.Parts is 1 or 2, "QuantizedRows: no such tile, or more parts than there is room for.");
        int rows = Grid.Rows(tile);
        int* sums = Sums(tile), to = Corrections(tile);
        float* scales = Scales(tile);
        for (nint block = 0; block < Blocks; block++, scales += rows, sums += 2 * rows)
            for (int part = 0; part < TScales.Parts; part++, to += rows)
                for (int row = 0; row < rows; row++)
                {
                    int sum = TScales.Parts == 2 ? sums[(2 * row) + part] : sums[2 * row] + sums[(2 * row) + 1];
                    to[row] = TScales.HasMinimum ? BitConverter.SingleToInt32Bits(scales[row] * sum) : TDot.StartWord(-TQuants.Zero * sum);
                }
    }

    /// <summary>Thirty-two floats to bytes, their scale, and the sums of both halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillBlock(float* x, sbyte* bytes, float* scale, int* sums)
    {
        Vector256<float> a = Vector256.Load(x), b = Vector256.Load(x + 8), c = Vector256.Load(x + 16), d = Vector256.Load(x + 24);
        // Magnitudes compare like whole numbers, and NaN is the greatest.
        Vector256<int> most = Vector256.Max(Vector256.Max(Magnitude(a), Magnitude(b)), Vector256.Max(Magnitude(c), Magnitude(d)));
        Vector128<int> four = Vector128.Max(most.GetLower(), most.GetUpper());
        four = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        float max = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2))).AsSingle().ToScalar();
        // Infinity less itself is NaN, which makes the whole sum NaN.
        *scale = max < Smallest ? 0 : (max / 127) + (max - max);
        Vector256<float> inverse = Vector256.Create(max < Smallest ? 0 : 127 / max);
        Vector256<sbyte> quants = Narrow(Round(a, inverse), Round(b, inverse), Round(c, inverse), Round(d, inverse));
        quants.Store(bytes);
        Vector256<int> fours = SumFours(quants);
        fours += Vector256.Shuffle(fours, Vector256.Create(2, 3, 0, 1, 6, 7, 4, 5));
        fours += Vector256.Shuffle(fours, Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6));
        sums[0] = fours.ToScalar();
        sums[1] = fours.GetUpper().ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Magnitude(Vector256<float> value) => Vector256.Abs(value).AsInt32();

    /// <summary>The nearest whole number, ties to the even one, for what is not far from 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Round(Vector256<float> value, Vector256<float> factor) =>
        ((value * factor) + Vector256.Create(SumBias.Value)).AsInt32() - Vector256.Create(SumBias.Bits);

    /// <summary>The low bytes, in order; of what NaN and infinity become any.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Narrow(Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d)
    {
        if (!Avx2.IsSupported) return Vector256.Narrow(Vector256.Narrow(a, b), Vector256.Narrow(c, d));
        Vector256<int> mixed = Avx2.PackSignedSaturate(Avx2.PackSignedSaturate(a, b), Avx2.PackSignedSaturate(c, d)).AsInt32();
        return Vector256.Shuffle(mixed, Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsSByte();
    }

    /// <summary>The sums of four neighbours each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> SumFours(Vector256<sbyte> bytes)
    {
        if (Avx2.IsSupported) return Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(Vector256.Create((byte)1), bytes), Vector256.Create((short)1));
        Vector256<int> words = bytes.AsInt32();
        return (words << 24 >> 24) + (words << 16 >> 24) + (words << 8 >> 24) + (words >> 24);
    }
}
