using Heed.Kernels;
using Heed.Kernels.Strips;
using Heed.Tensors;

namespace Heed.Tests.Tensors;

public sealed class AffineWeightsTests
{
    public static TheoryData<string, int, int> Cases
    {
        get
        {
            TheoryData<string, int, int> all = [];
            foreach (string scheme in (string[])["tensor", "channel", "32", "64", "128"])
                foreach ((int rows, int columns) in new[] { (1, 32), (16, 256), (37, 352), (50, 640) })
                    all.Add(scheme, rows, columns);
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Row41_EveryGranularity_KeepsZerosAndErrsByHalfAScale(string scheme, int rows, int columns)
    {
        float[] values = Numbers(rows * columns, seed: rows);
        using AffineWeights weights = Quantize(scheme, rows, columns, values);
        AffineMatrix pairs = weights.ReadPairs();
        float[] row = new float[columns], twin = new float[columns];
        byte[] codes = new byte[columns];
        for (int i = 0; i < rows; i++)
        {
            weights.ReadRow(i, row);
            weights.ReadCodes(i, codes);
            pairs.Dequantize(i, codes, twin);
            row.ShouldBe(twin);
            for (int j = 0; j < columns; j++)
            {
                float value = values[i * columns + j];
                MathF.Abs(row[j] - value).ShouldBeLessThanOrEqualTo(pairs.Of(i, j).Scale * 0.50001f);
                if (value == 0) row[j].ShouldBe(0);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Row41_Scales_AreThoseOfTheNumbersThatShareThem(string scheme, int rows, int columns)
    {
        float[] values = Numbers(rows * columns, seed: 3);
        using AffineWeights weights = Quantize(scheme, rows, columns, values);
        AffineMatrix pairs = weights.ReadPairs();
        // A group that does not divide a row has 32 columns.
        int group = int.TryParse(scheme, System.Globalization.CultureInfo.InvariantCulture, out int size) ? columns % size == 0 ? size : 32 : columns;
        for (int i = 0; i < rows; i++)
            for (int at = 0; at < columns; at += group)
                pairs.Of(i, at).ShouldBe(AffineQuantization.Of(scheme == "tensor" ? values : values.AsSpan(i * columns + at, group)));
        pairs.Scheme.ScaleShape(rows, columns).Aggregate(1L, (a, b) => a * b).ShouldBe(pairs.Pairs.Length);
        AffineScheme read = AffineScheme.OfShape(pairs.Scheme.ScaleShape(rows, columns), rows, columns).ShouldNotBeNull();
        read.ScaleShape(rows, columns).ShouldBe(pairs.Scheme.ScaleShape(rows, columns));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Multiply_OnEveryPathAndThreadCount_GivesTheScalarTwinsBits(string scheme, int rows, int columns)
    {
        using AffineWeights weights = Quantize(scheme, rows, columns, Numbers(rows * columns, seed: 1));
        foreach (int m in (int[])[1, 2, 7, 13])
        {
            float[] x = Numbers(m * columns, seed: m), expected = Twin(weights, m, x);
            foreach (StripPath path in Enum.GetValues<StripPath>().Where(StripPaths.Has))
                foreach (int threads in (int[])[1, 3])
                {
                    using WorkerPool pool = new(threads);
                    float[] got = new float[m * rows];
                    weights.Matrix.Multiply(path, pool, m, x, columns, [], got, rows, accumulate: false);
                    got.ShouldBe(expected, $"{scheme} by {path} on {threads} threads, {m} rows of x");
                }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Multiply_AgainstTheDequantizedMatrix_ErrsByTheRoundingOfTheInput(string scheme, int rows, int columns)
    {
        using AffineWeights weights = Quantize(scheme, rows, columns, Numbers(rows * columns, seed: 5));
        using WorkerPool pool = new(2);
        float[] x = Numbers(3 * columns, seed: 6), y = new float[3 * rows], row = new float[columns];
        weights.Matrix.Multiply(pool, 3, x, columns, [], y, rows, accumulate: false);
        AffineMatrix pairs = weights.ReadPairs();
        for (int t = 0; t < 3; t++)
            for (int i = 0; i < rows; i++)
            {
                weights.ReadRow(i, row);
                double exact = 0, bound = 0, terms = 0;
                for (int at = 0; at < columns; at += 32)
                {
                    ReadOnlySpan<float> block = x.AsSpan(t * columns + at, 32);
                    double most = 0, weight = 0, input = 0;
                    for (int j = 0; j < 32; j++)
                    {
                        most = Math.Max(most, Math.Abs(block[j]));
                        weight += Math.Abs(row[at + j]);
                        input += Math.Abs(block[j]);
                        exact += (double)row[at + j] * block[j];
                    }
                    // Each input is off by half of its block's scale, max/127, at most.
                    bound += most / 254 * weight;
                    terms += 2 * 255 * pairs.Of(i, at).Scale * input;
                }
                // And every sum by half of float32's last place.
                bound += terms * (columns / 16 + 2) / (1 << 24);
                Math.Abs(y[t * rows + i] - exact).ShouldBeLessThanOrEqualTo(bound * 1.0001);
            }
    }

    [Fact]
    public void Quantize_WhatIsNotFinite_NamesTheRow()
    {
        float[] values = Numbers(20 * 64, seed: 1);
        values[7 * 64 + 3] = float.NaN;
        Should.Throw<ArithmeticException>(() => Quantize("channel", 20, 64, values)).Message.ShouldContain("row 7 has the number NaN");
    }

    [Fact]
    public void PerGroup_OfAnOddSize_IsRefused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => AffineScheme.PerGroup(48)).Message.ShouldContain("group size is 48; expected a multiple of 32");
        Should.Throw<ArgumentOutOfRangeException>(() => AffineScheme.PerGroup(0));
        AffineScheme.OfShape([4, 3], 4, 64).ShouldBeNull("21 columns and a third");
        AffineScheme.OfShape([4, 4], 4, 64).ShouldBeNull("16 columns are no block");
        AffineScheme.OfShape([5], 4, 64).ShouldBeNull();
    }

    private static AffineWeights Quantize(string scheme, int rows, int columns, float[] values) => AffineWeights.Quantize(Scheme(scheme), rows, columns,
        (row, to) => values.AsSpan(row * columns, columns).CopyTo(to), threads: 2);

    private static AffineScheme Scheme(string name) => name switch
    {
        "tensor" => AffineScheme.PerTensor,
        "channel" => AffineScheme.PerChannel,
        _ => AffineScheme.PerGroup(int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)),
    };

    /// <summary>Products one by one: whole sums of a block, and one chain of floats over the blocks.</summary>
    private static float[] Twin(AffineWeights weights, int m, float[] x)
    {
        int rows = weights.Rows, columns = weights.Columns;
        AffineMatrix pairs = weights.ReadPairs();
        float[] y = new float[m * rows];
        byte[] codes = new byte[columns];
        for (int i = 0; i < rows; i++)
        {
            weights.ReadCodes(i, codes);
            for (int t = 0; t < m; t++)
                for (int at = 0; at < columns; at += 32)
                {
                    ReadOnlySpan<float> block = x.AsSpan(t * columns + at, 32);
                    float most = 0;
                    foreach (float value in block) most = MathF.Max(most, MathF.Abs(value));
                    int dot = 0, sum = 0;
                    for (int j = 0; j < 32; j++)
                    {
                        int q = most == 0 ? 0 : (int)MathF.Round(block[j] * (127 / most));
                        dot += q * codes[at + j];
                        sum += q;
                    }
                    AffineQuantization pair = pairs.Of(i, at);
                    ref float to = ref y[t * rows + i];
                    to = MathF.FusedMultiplyAdd(dot * pair.Scale, most / 127, to);
                    to = MathF.FusedMultiplyAdd(pair.Scale * -pair.ZeroPoint, most / 127 * sum, to);
                }
        }
        return y;
    }

    /// <summary>Numbers around a mean that is not zero, in rows of different sizes, with zeros among them.</summary>
    private static float[] Numbers(int count, int seed)
    {
        Random random = new(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = random.Next(20) == 0 ? 0 : (random.NextSingle() - 0.3f) * (1 + i % 97 / 20f);
        return values;
    }
}
