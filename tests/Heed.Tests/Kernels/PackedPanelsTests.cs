using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed class PackedPanelsTests
{
    [Fact]
    public void Pack_SizesTo70_LaysRowsOutInPanelsOf32()
    {
        Random random = new(1);
        for (int n = 0; n <= 70; n += n < 10 || n is > 28 and < 36 ? 1 : 3)
        {
            for (int k = 0; k <= 70; k += k < 18 ? 1 : 7)
            {
                float[] w = MatMulTests.Values(random, n * k);
                using NativeBuffer buffer = new(PackedPanels.FloatCount(n, k) * sizeof(float));
                buffer.AsFloats().Fill(float.NaN);
                PackedPanels panels = new(buffer, 0, n, k);
                panels.Pack(w);
                for (int row = 0; row < panels.PanelCount * 32; row++)
                    for (int i = 0; i < k; i++) panels.Panel(row / 32)[(i * 32) + (row % 32)].ShouldBe(row < n ? w[(row * k) + i] : 0f);
            }
        }
    }

    [Fact]
    public void ReadRow_EachRow_GivesItBack()
    {
        const int N = 45, K = 37;
        float[] w = MatMulTests.Values(new Random(2), N * K), row = new float[K + 1];
        using NativeBuffer buffer = PackedMatrix.Create(w, N, K, out PackedPanels panels);
        for (int i = 0; i < N; i++)
        {
            row[K] = 5;
            panels.ReadRow(i, row);
            row.AsSpan(0, K).SequenceEqual(w.AsSpan(i * K, K)).ShouldBeTrue($"row {i}");
            row[K].ShouldBe(5);
        }
    }

    [Theory]
    [InlineData(0, 5, 0)]
    [InlineData(1, 5, 160)]
    [InlineData(32, 5, 160)]
    [InlineData(33, 5, 320)]
    [InlineData(int.MaxValue, 4, 4L << 31)]
    [InlineData(128256, 16384, 128256L * 16384)]
    public void FloatCount_Sizes_RoundsRowsUp(int n, int k, long floats) => PackedPanels.FloatCount(n, k).ShouldBe(floats);

    [Fact]
    public void Views_OfOneBuffer_LieBehindEachOther()
    {
        using NativeBuffer buffer = new(2 * 32 * 3 * sizeof(float));
        PackedPanels first = new(buffer, 0, 2, 3), second = new(buffer, 96, 2, 3);
        first.Pack([1, 2, 3, 4, 5, 6]);
        second.Pack([7, 8, 9, 10, 11, 12]);
        float[] row = new float[3];
        first.ReadRow(1, row);
        row.ShouldBe([4, 5, 6]);
        second.ReadRow(0, row);
        row.ShouldBe([7, 8, 9]);
    }

    [Fact]
    public void WrongArguments_Throw()
    {
        using NativeBuffer buffer = new(96 * sizeof(float));
        PackedPanels panels = new(buffer, 0, 2, 3);
        Should.Throw<ArgumentOutOfRangeException>(() => new PackedPanels(buffer, 16, 2, 3)).Message.ShouldContain("needs 96 floats");
        Should.Throw<ArgumentOutOfRangeException>(() => new PackedPanels(buffer, 0, 33, 3));
        Should.Throw<ArgumentOutOfRangeException>(() => new PackedPanels(buffer, -16, 2, 1));
        Should.Throw<ArgumentOutOfRangeException>(() => new PackedPanels(buffer, 8, 2, 1)).Message.ShouldContain("multiple of 16");
        Should.Throw<ArgumentOutOfRangeException>(() => new PackedPanels(buffer, 0, -1, 3));
        Should.Throw<ArgumentOutOfRangeException>(() => panels.Panel(1).Length);
        Should.Throw<ArgumentOutOfRangeException>(() => panels.ReadRow(2, new float[3]));
        Should.Throw<ArgumentOutOfRangeException>(() => panels.ReadRow(0, new float[2]));
        Should.Throw<ArgumentOutOfRangeException>(() => panels.Pack(new float[5]));
        Should.Throw<ArgumentException>(() => PackedPanels.PackRows(new float[99], 33, 3, new float[96]));
        Should.Throw<ArgumentException>(() => PackedPanels.PackRows(new float[5], 2, 3, new float[96]));
        Should.Throw<ArgumentException>(() => PackedPanels.PackRows(new float[6], 2, 3, new float[95]));
    }
}
