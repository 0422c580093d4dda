using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed unsafe class KvPanelsTests
{
    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(5, 3, 30)]
    [InlineData(8, 0, 64)]
    [InlineData(80, 13, 9)]
    [InlineData(7, 4, 19)]
    public void Write_Range_EqualsKeyByKeyAndTouchesNothingElse(int dim, int position, int count)
    {
        int capacity = position + count + 3;
        long stride = dim + 2;
        float[] keys = Numbers.Random(dim, (int)(count * stride));
        float[] one = new float[KvPanels.Floats(capacity, dim)];
        float[] many = new float[one.Length];
        Array.Fill(one, 7f);
        Array.Fill(many, 7f);
        fixed (float* a = one, b = many, k = keys)
        {
            for (int i = 0; i < count; i++)
            {
                KvPanels.WriteKey(a, position + i, keys.AsSpan((int)(i * stride), dim));
            }

            KvPanels.Write(b, position, count, k, stride, dim);
            many.ShouldHaveBitsOf(one, "panels");
            float[] back = new float[dim];
            KvPanels.ReadKey(b, position + count - 1, back);
            back.ShouldHaveBitsOf(keys[(int)((count - 1) * stride)..(int)(((count - 1) * stride) + dim)], "read back");
        }
    }

    [Fact]
    public void WriteKey_Position_GoesToItsPanelAndLane()
    {
        float[] panels = new float[KvPanels.Floats(20, 2)];
        panels.Length.ShouldBe(64);
        fixed (float* p = panels)
        {
            KvPanels.WriteKey(p, 17, [5f, 6f]);
        }

        panels[32 + 1].ShouldBe(5f);
        panels[32 + 16 + 1].ShouldBe(6f);
    }
}
