using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

public class DropoutTests
{
    [Fact]
    public void Row_EveryLength_HasTheBitsOfTheScalarTwin()
    {
        for (int length = 0; length <= 256; length++)
        {
            float[] x = Numbers.Random(length, length), expected = new float[length], actual = new float[length];
            uint key = DropoutStream.RowKey(9, (ulong)length), threshold = DropoutStream.Threshold(0.3f);
            Dropout.RowScalar(x, key, threshold, 1.25f, expected);
            Dropout.Row(x, key, threshold, 1.25f, actual);
            actual.ShouldHaveBitsOf(expected, $"{length}");
            Dropout.Row(x, key, threshold, 1.25f, x);
            x.ShouldHaveBitsOf(expected, $"in place, {length}");
        }
    }

    [Fact]
    public void Draw_SixteenColumns_EqualsEachAlone()
    {
        Vector512<uint> draws = DropoutStream.Draw(12345, Vector512.Create(4_000_000_000u) + Vector512<uint>.Indices);
        for (int i = 0; i < 16; i++) draws[i].ShouldBe(DropoutStream.Draw(12345, 4_000_000_000u + (uint)i));
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.1f)]
    [InlineData(0.5f)]
    public void Row_ManyElements_DropsTheRate(float rate)
    {
        const int Count = 1 << 18;
        float[] x = [.. Enumerable.Repeat(1f, Count)];
        Dropout.Row(x, DropoutStream.RowKey(1, 2), DropoutStream.Threshold(rate), 2f, x);
        x.ShouldAllBe(value => value == 0f || value == 2f);
        // Five standard deviations of a fair draw.
        ((double)x.Count(value => value == 0f) / Count).ShouldBe(rate, 1e-9 + (5 * Math.Sqrt(rate * (1 - rate) / Count)));
    }
}
