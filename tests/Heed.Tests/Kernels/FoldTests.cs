using Heed.Kernels;

namespace Heed.Tests.Kernels;

public class FoldTests
{
    [Fact]
    public void Add_AnyLength_MatchesScalarTwinBitForBit()
    {
        Random random = new(1);
        for (int length = 0; length <= 256; length++)
        {
            float[] x = [.. Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() - 0.5) * MathF.Pow(10, random.Next(-8, 8)))];
            double[] lanes = new double[Fold.Lanes], expected = new double[Fold.Lanes];
            Fold.Add(x, lanes);
            Fold.AddScalar(x, expected);
            lanes.ShouldBe(expected);
            Fold.Add(x, lanes);
            Fold.AddScalar(x, expected);
            lanes.ShouldBe(expected);
            double total = Fold.Total(lanes);
            total.ShouldBe(2 * x.Sum(value => (double)value), 1e-9 * (1 + x.Sum(value => Math.Abs((double)value))));
        }
    }

    [Fact]
    public void AddSquares_AnyLength_MatchesScalarTwinBitForBit()
    {
        for (int length = 0; length <= 256; length++)
        {
            float[] x = Numbers.Random(length, length);
            double[] lanes = new double[Fold.Lanes], expected = new double[Fold.Lanes];
            Fold.AddSquares(x, lanes);
            Fold.AddSquaresScalar(x, expected);
            lanes.ShouldBe(expected);
            Fold.Total(lanes).ShouldBe(x.Sum(value => (double)value * value), 1e-12 * (1 + length));
        }
    }

    [Fact]
    public void ColumnSums_EveryLength_HaveTheBitsOfTheScalarTwin()
    {
        for (int columns = 0; columns <= 256; columns++)
        {
            int rows = columns % 5;
            float[] x = Numbers.Random(columns, rows * columns), expected = Numbers.Random(columns + 1, columns), actual = (float[])expected.Clone();
            ColumnSums.AddScalar(x, rows, expected);
            ColumnSums.Add(x, rows, actual);
            actual.ShouldHaveBitsOf(expected, $"{columns}");
        }
    }

    [Fact]
    public void AddRow_AnyLength_AddsInDouble()
    {
        for (int length = 0; length <= 256; length++)
        {
            float[] x = Numbers.Random(length, length);
            double[] totals = [.. Enumerable.Range(0, length).Select(i => i * 1e-9)];
            Fold.AddRow(x, totals);
            totals.ShouldBe([.. x.Select((value, i) => i * 1e-9 + value)]);
        }
    }

    [Fact]
    public void AddRows_AnyColumnsAndRows_MatchesAddBitForBit()
    {
        Random random = new(2);
        for (int columns = 1; columns <= Fold.Columns; columns++)
            foreach (int rows in new[] { 0, 1, 31, 32, 33, 70 })
            {
                const int stride = 21;
                float[] x = [.. Enumerable.Range(0, rows * stride + columns).Select(_ => (float)random.NextDouble() - 0.3f)];
                double[] lanes = new double[Fold.Lanes * Fold.Columns], totals = new double[columns];
                Fold.AddRows(x, stride, rows, columns, lanes);
                Fold.TotalRows(lanes, totals);
                for (int c = 0; c < columns; c++)
                {
                    double[] single = new double[Fold.Lanes];
                    Fold.Add([.. Enumerable.Range(0, rows).Select(row => x[row * stride + c])], single);
                    totals[c].ShouldBe(Fold.Total(single));
                }
            }
    }

    [Fact]
    public void Total_Lanes_MeetInATree()
    {
        double[] lanes = new double[Fold.Lanes];
        (lanes[0], lanes[16], lanes[1]) = (1e300, -1e300, 3);
        Fold.Total(lanes).ShouldBe(3);
    }
}
