using Heed.Models.Checkpoints;

namespace Heed.Tests.Models.Checkpoints;

public class RowOrderTests
{
    [Fact]
    public void Row18_RopePermutation_OneHead_TakesEvenRowsFirst()
    {
        RopePermutation.ToHalfSplit(1, 8).ShouldBe([0, 2, 4, 6, 1, 3, 5, 7]);
        RopePermutation.ToInterleaved(1, 8).ShouldBe([0, 4, 1, 5, 2, 6, 3, 7]);
        RopePermutation.ToHalfSplit(2, 4).ShouldBe([0, 2, 1, 3, 4, 6, 5, 7]);
    }

    [Fact]
    public void Row18_RopePermutation_PartOfAHead_LeavesTheRest() =>
        RopePermutation.ToHalfSplit(2, 6, rotaryDim: 4).ShouldBe([0, 2, 1, 3, 4, 5, 6, 8, 7, 9, 10, 11]);

    [Theory]
    [InlineData(1, 2, 0), InlineData(4, 8, 0), InlineData(3, 64, 0), InlineData(5, 80, 32), InlineData(0, 8, 0)]
    public void Row18_RopePermutation_RoundTrip_IsExact(int heads, int headDim, int rotaryDim)
    {
        int rows = heads * headDim;
        int[] there = RopePermutation.ToHalfSplit(heads, headDim, rotaryDim), back = RopePermutation.ToInterleaved(heads, headDim, rotaryDim);
        if (rows == 0)
        {
            there.ShouldBeEmpty();
            return;
        }
        float[] matrix = [.. Enumerable.Range(0, rows * 3).Select(i => (float)i)], half = new float[matrix.Length], whole = new float[matrix.Length];
        RowOrder.ApplyToRows(matrix, there, half);
        if (headDim > 2) half.ShouldNotBe(matrix);
        RowOrder.ApplyToRows(half, back, whole);
        whole.ShouldBe(matrix);
    }

    [Theory]
    [InlineData(2, 7, 0), InlineData(2, 8, 3), InlineData(2, 8, 10), InlineData(-1, 8, 0)]
    public void RopePermutation_ImpossibleSizes_Throws(int heads, int headDim, int rotaryDim) =>
        Should.Throw<ArgumentException>(() => RopePermutation.ToHalfSplit(heads, headDim, rotaryDim));

    /// <summary>Old head r·kvHeads + g uses key head g when counted modulo, and must come to stand in group g.</summary>
    [Fact]
    public void Row5_QueryHeadOrder_MappingTable()
    {
        QueryHeadOrder.FromModulo(8, 2).ShouldBe([0, 2, 4, 6, 1, 3, 5, 7]);
        QueryHeadOrder.FromModulo(6, 3).ShouldBe([0, 3, 1, 4, 2, 5]);
        QueryHeadOrder.ToModulo(6, 3).ShouldBe([0, 2, 4, 1, 3, 5]);
        QueryHeadOrder.FromModulo(4, 4).ShouldBe([0, 1, 2, 3]);
        QueryHeadOrder.FromModulo(4, 1).ShouldBe([0, 1, 2, 3]);
    }

    [Theory]
    [InlineData(8, 2), InlineData(12, 4), InlineData(6, 6), InlineData(7, 1)]
    public void Row5_QueryHeadOrder_EachHead_KeepsItsKeyHead(int heads, int kvHeads)
    {
        int[] order = QueryHeadOrder.FromModulo(heads, kvHeads);
        for (int head = 0; head < heads; head++) (order[head] % kvHeads).ShouldBe(head / (heads / kvHeads));
        int[] back = QueryHeadOrder.ToModulo(heads, kvHeads);
        for (int head = 0; head < heads; head++) back[order[head]].ShouldBe(head);
    }

    [Fact]
    public void Row5_QueryHeadOrder_KvHeadsDoNotDivide_Throws() => Should.Throw<ArgumentException>(() => QueryHeadOrder.FromModulo(6, 4));

    [Fact]
    public void ApplyToColumns_Order_MovesColumns()
    {
        float[] to = new float[6];
        RowOrder.ApplyToColumns([1, 2, 3, 4, 5, 6], [2, 0, 1], to);
        to.ShouldBe([3, 1, 2, 6, 4, 5]);
        RowOrder.ApplyToColumns([3, 1, 2, 6, 4, 5], RowOrder.Inverse([2, 0, 1]), to);
        to.ShouldBe([1, 2, 3, 4, 5, 6]);
        Should.Throw<ArgumentException>(() => RowOrder.ApplyToRows([1, 2, 3], [0, 1], new float[3]));
    }

    [Fact]
    public void Expand_GroupsOfRows_MoveTogether() => RowOrder.Expand([1, 0], 3).ShouldBe([3, 4, 5, 0, 1, 2]);
}
