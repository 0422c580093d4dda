using Heed.Kernels;
using Heed.Kernels.Quantization;
using Heed.Kernels.Strips;

namespace Heed.Tests.Kernels.Strips;

public sealed class StripMatrixTests
{
    public static TheoryData<WeightType> Types => [.. Enum.GetValues<WeightType>().Where(StripMatrix.Takes)];

    public static TheoryData<WeightType, string> TypesAndPaths
    {
        get
        {
            TheoryData<WeightType, string> all = [];
            foreach (WeightType type in Enum.GetValues<WeightType>().Where(StripMatrix.Takes))
                foreach (StripPath path in Enum.GetValues<StripPath>().Where(StripPaths.Has))
                    all.Add(type, path.ToString());
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void ReadRow_OfRandomBytes_IsTheirDequantization(WeightType type)
    {
        const int rows = 37, columns = 512;
        byte[] bytes = new byte[BytesOf(type, rows * columns)];
        new Random((int)type).NextBytes(bytes);
        using StripMatrix matrix = Pack(type, rows, columns, bytes);
        float[] expected = new float[columns], got = new float[columns];
        int rowBytes = bytes.Length / rows;
        for (int row = 0; row < rows; row++)
        {
            Dequantize.ToFloat(type, bytes.AsSpan(row * rowBytes, rowBytes), expected);
            matrix.ReadRow(row, got);
            // Every bit but the payload of NaN and the sign of zeros that are products.
            for (int i = 0; i < columns; i++)
                (got[i] == expected[i] || (float.IsNaN(got[i]) && float.IsNaN(expected[i]))).ShouldBeTrue($"row {row}, column {i}: {got[i]} against {expected[i]}");
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Pack_OverWhateverMemory_SetsEveryByte(WeightType type)
    {
        const int rows = 37, columns = 512;
        byte[] bytes = QuantizedSamples.Blocks(type, rows * columns, seed: 1);
        byte[][] packed = new byte[2][];
        for (int i = 0; i < 2; i++)
        {
            NativeBuffer memory = new(StripMatrix.BytesFor(type, rows, columns));
            memory.AsSpan<byte>(0, (int)memory.Bytes).Fill((byte)(i * 0xA5));
            using StripMatrix matrix = new(type, rows, columns, memory);
            Fill(matrix, bytes);
            packed[i] = memory.AsSpan<byte>(0, (int)memory.Bytes).ToArray();
        }
        packed[1].ShouldBe(packed[0]);
    }

    [Fact]
    public void Constructor_MemoryOfAnotherSize_IsRefused()
    {
        using NativeBuffer memory = new(100);
        Should.Throw<ArgumentException>(() => new StripMatrix(WeightType.Q4_0, 16, 32, memory)).Message.ShouldContain("takes 320 bytes; the memory has 100");
        Should.Throw<ArgumentException>(() => new HalfPanels(WeightType.F16, 32, 32, memory)).Message.ShouldContain("takes 2048 bytes; the memory has 100");
    }

    [Theory]
    [MemberData(nameof(TypesAndPaths))]
    public void Multiply_OnEveryPath_GivesTheScalarTwinsBits(WeightType type, string name)
    {
        StripPath path = Enum.Parse<StripPath>(name);
        foreach ((int m, int rows, int columns, int threads) in new[] { (1, 16, 256, 1), (1, 50, 768, 2), (2, 33, 256, 1), (5, 40, 512, 2), (13, 17, 256, 1), (29, 100, 512, 3) })
        {
            byte[] bytes = QuantizedSamples.Blocks(type, rows * columns, seed: rows);
            using StripMatrix matrix = Pack(type, rows, columns, bytes);
            using WorkerPool pool = new(threads);
            float[] x = QuantizedSamples.Floats(m * columns, seed: m);
            float[] bias = QuantizedSamples.Floats(rows, seed: 3), y = QuantizedSamples.Floats(m * rows, seed: 4);
            float[] expected = ScalarStrips.Multiply(type, bytes, m, rows, columns, x);
            float[] plain = new float[m * rows];
            matrix.Multiply(path, pool, m, x, columns, [], plain, rows, accumulate: false);
            plain.ShouldBe(expected, $"{type} by {path}: m {m}, rows {rows}, columns {columns}");
            float[] sum = [.. y];
            matrix.Multiply(path, pool, m, x, columns, bias, sum, rows, accumulate: true);
            for (int i = 0; i < sum.Length; i++) sum[i].ShouldBe(expected[i] + bias[i % rows] + y[i]);
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Multiply_ByManyTilesInWiderMemory_GivesTheScalarTwinsBits(WeightType type)
    {
        // Blocks of 32 columns end within a chunk of eight; 31 to 33, 65 and 100 rows are one, two, three and four tiles.
        int columns = BlockSizes.ElementsPerBlock(type) == 256 ? 512 : 352;
        foreach ((int m, int rows, int threads) in new[] { (31, 16, 1), (32, 40, 3), (33, 17, 1), (65, 33, 2), (100, 50, 3) })
        {
            byte[] bytes = QuantizedSamples.Blocks(type, rows * columns, seed: rows);
            using StripMatrix matrix = Pack(type, rows, columns, bytes);
            using WorkerPool pool = new(threads);
            int ldx = columns + 5, ldy = rows + 3;
            float[] x = QuantizedSamples.Floats(m * ldx, seed: m), y = new float[m * ldy];
            Array.Fill(y, 7);
            matrix.Multiply(pool, m, x, ldx, [], y, ldy, accumulate: false);
            float[] close = [.. Enumerable.Range(0, m).SelectMany(t => x.Skip(t * ldx).Take(columns))];
            float[] expected = ScalarStrips.Multiply(type, bytes, m, rows, columns, close);
            for (int t = 0; t < m; t++)
            {
                y.AsSpan(t * ldy, rows).SequenceEqual(expected.AsSpan(t * rows, rows)).ShouldBeTrue($"{type}, row {t} of {m}");
                if (t < m - 1) y.AsSpan((t * ldy) + rows, 3).SequenceEqual([7, 7, 7]).ShouldBeTrue("what lies between rows stays");
            }
        }
    }

    [Theory]
    [InlineData(32), InlineData(96), InlineData(288)]
    public void Multiply_OfFewBlocks_GivesTheScalarTwinsBits(int columns)
    {
        foreach (WeightType type in Enum.GetValues<WeightType>().Where(type => StripMatrix.Takes(type) && BlockSizes.ElementsPerBlock(type) == 32))
            foreach (int m in new[] { 1, 34 })
            {
                byte[] bytes = QuantizedSamples.Blocks(type, 20 * columns, seed: columns);
                using StripMatrix matrix = Pack(type, 20, columns, bytes);
                using WorkerPool pool = new(1);
                float[] x = QuantizedSamples.Floats(m * columns, seed: m), y = new float[m * 20];
                matrix.Multiply(pool, m, x, columns, [], y, 20, accumulate: false);
                y.ShouldBe(ScalarStrips.Multiply(type, bytes, m, 20, columns, x), $"{type}, {m} rows");
            }
    }

    [Theory]
    [MemberData(nameof(TypesAndPaths))]
    public void Multiply_ByTheGreatestNumbers_DoesNotOverflow(WeightType type, string name)
    {
        StripPath path = Enum.Parse<StripPath>(name);
        const int rows = 16, columns = 256;
        foreach (byte fill in new byte[] { 0x00, 0xFF, 0x80, 0x7F })
            foreach (int pattern in new[] { 0, 1, 2, 3 })
            {
                byte[] bytes = QuantizedSamples.Filled(type, rows * columns, fill);
                using StripMatrix matrix = Pack(type, rows, columns, bytes);
                using WorkerPool pool = new(1);
                float[] x = new float[columns];
                for (int i = 0; i < columns; i++) x[i] = pattern switch { 0 => 1, 1 => -1, 2 => i % 4 < 2 ? 1 : -1, _ => i % 4 < 2 ? -1 : 1 };
                float[] got = new float[rows];
                matrix.Multiply(path, pool, 1, x, columns, [], got, rows, accumulate: false);
                got.ShouldBe(ScalarStrips.Multiply(type, bytes, 1, rows, columns, x), $"fill {fill:X2}, pattern {pattern}");
            }
    }

    [Theory]
    [MemberData(nameof(TypesAndPaths))]
    public void Multiply_OfWhatIsNotFinite_IsNaN(WeightType type, string name)
    {
        const int rows = 16, columns = 256;
        using StripMatrix matrix = Pack(type, rows, columns, QuantizedSamples.Blocks(type, rows * columns, seed: 1));
        using WorkerPool pool = new(1);
        foreach (float bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            float[] x = QuantizedSamples.Floats(2 * columns, seed: 2), y = new float[2 * rows], alone = new float[rows];
            x[columns + 40] = bad;
            matrix.Multiply(Enum.Parse<StripPath>(name), pool, 2, x, columns, [], y, rows, accumulate: false);
            matrix.Multiply(Enum.Parse<StripPath>(name), pool, 1, x.AsSpan(columns), columns, [], alone, rows, accumulate: false);
            y[..rows].ShouldAllBe(value => float.IsFinite(value));
            y[rows..].ShouldAllBe(value => float.IsNaN(value));
            alone.ShouldAllBe(value => float.IsNaN(value));
        }
    }

    [Fact]
    public void Multiply_OfASharedInput_RoundsItOnceForAllFormats()
    {
        const int m = 40, rows = 17, columns = 256;
        float[] x = QuantizedSamples.Floats(m * columns, seed: 1), gone = [.. Enumerable.Repeat(float.NaN, m * columns)], y = new float[m * rows];
        using WorkerPool pool = new(2);
        foreach (StripPath path in Enum.GetValues<StripPath>().Where(StripPaths.Has))
        {
            SharedInput input = new(pool.Scratch);
            foreach (WeightType type in Enum.GetValues<WeightType>().Where(StripMatrix.Takes))
            {
                byte[] bytes = QuantizedSamples.Blocks(type, rows * columns, seed: 2);
                using StripMatrix matrix = Pack(type, rows, columns, bytes);
                // The first one rounds x, and the others do not look at it again.
                matrix.Multiply(path, pool, ref input, m, input.IsRounded ? gone : x, columns, [], y, rows, accumulate: false);
                y.ShouldBe(ScalarStrips.Multiply(type, bytes, m, rows, columns, x), $"{type} by {path}");
            }
            input.Dispose();
        }
    }

    [Fact]
    public void Multiply_OfZeros_IsZero()
    {
        const int rows = 16, columns = 64;
        using StripMatrix matrix = Pack(WeightType.Q4_0, rows, columns, QuantizedSamples.Blocks(WeightType.Q4_0, rows * columns, seed: 1));
        using WorkerPool pool = new(1);
        float[] y = new float[rows];
        matrix.Multiply(pool, 1, new float[columns], columns, [], y, rows, accumulate: false);
        y.ShouldAllBe(value => value == 0);
    }

    [Fact]
    public void Choose_OfAPathThatIsNotHere_NamesThoseThatAre()
    {
        StripPaths.Choose("portable").ShouldBe(StripPath.Portable);
        StripPaths.Choose("").ShouldBe(StripPaths.Choose(null));
        Should.Throw<ArgumentException>(() => StripPaths.Choose("mmx")).Message.ShouldContain("Portable");
    }

    private static int BytesOf(WeightType type, int elements)
    {
        BlockSizes.TryByteLength(type, elements, out long bytes).ShouldBeTrue();
        return (int)bytes;
    }

    private static StripMatrix Pack(WeightType type, int rows, int columns, byte[] bytes)
    {
        StripMatrix matrix = new(type, rows, columns);
        Fill(matrix, bytes);
        return matrix;
    }

    private static void Fill(StripMatrix matrix, byte[] bytes)
    {
        int rowBytes = bytes.Length / matrix.Rows;
        for (int strip = 0; strip < matrix.StripCount; strip++)
            matrix.Pack(strip, bytes.AsSpan(strip * StripMatrix.StripRows * rowBytes, matrix.RowsOf(strip) * rowBytes));
    }
}
