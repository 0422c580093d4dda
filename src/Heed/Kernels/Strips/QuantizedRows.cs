using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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

    /// <summary>A view of <see cref="BytesFor"/> bytes.</summary>
    public QuantizedRows(byte* memory, TileGrid grid, int columns)
    {
        _memory = memory;
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
        int rows = Grid.Rows(tile);
        int* quants = Quants(tile), sums = Sums(tile);
        float* scales = Scales(tile);
        for (int row = 0; row < rows; row++)
        {
            float* from = x + (row * stride);
            for (nint block = 0; block < Blocks; block++)
            {
                nint at = (block * rows) + row;
                FillBlock(from + (block * Block), quants + (block * rows * 8) + row, rows, scales + at, sums + (2 * at));
            }
        }
    }

    /// <summary>What the sums of a format begin with, or its minima are multiplied with, for a tile that was filled.</summary>
    public void Correct<TQuants, TScales, TDot, TSum, TBytes, V>(int tile)
        where TQuants : struct, IStripQuants
        where TScales : struct, IStripScales
        where TDot : struct, IDotLanes<TSum, TBytes, V>
    {
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

    /// <summary>Thirty-two floats to eight words <paramref name="step"/> apart, their scale, and the sums of both halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillBlock(float* x, int* words, nint step, float* scale, int* sums)
    {
        Vector256<float> a = Vector256.Load(x), b = Vector256.Load(x + 8), c = Vector256.Load(x + 16), d = Vector256.Load(x + 24);
        Vector256<float> most = Vector256.Max(Vector256.Max(Vector256.Abs(a), Vector256.Abs(b)), Vector256.Max(Vector256.Abs(c), Vector256.Abs(d)));
        Vector128<float> four = Vector128.Max(most.GetLower(), most.GetUpper());
        four = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        float max = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2))).ToScalar();
        // Infinity and NaN go on: their scale makes the whole sum NaN.
        *scale = max < Smallest ? 0 : max / 127;
        Vector256<float> inverse = Vector256.Create(max < Smallest ? 0 : 127 / max);
        Vector256<int> p = Round(a * inverse), q = Round(b * inverse), r = Round(c * inverse), s = Round(d * inverse);
        sums[0] = Vector256.Sum(p + q);
        sums[1] = Vector256.Sum(r + s);
        Vector256<sbyte> bytes = Vector256.Narrow(Vector256.Narrow(p, q), Vector256.Narrow(r, s));
        Vector256<int> eight = bytes.AsInt32();
        for (int group = 0; group < 8; group++) words[group * step] = eight.GetElement(group);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Round(Vector256<float> value) => Vector256.ConvertToInt32(Vector256.Round(value));
}
