using Heed.Tensors;

namespace Heed.Tests.Tensors;

public sealed class AttentionMaskMisuseTests
{
    public static TheoryData<string, Func<AttentionMask>> BadArguments => new()
    {
        { "SlidingWindow: got 0 as window; expected 1", () => AttentionMask.SlidingWindow(0) },
        { "CenteredWindow: got -1 as window; expected 0", () => AttentionMask.CenteredWindow(-1) },
        { "CenteredWindow: got 0 as dilation; expected 1", () => AttentionMask.CenteredWindow(1, 0) },
        { "Padding: got -2 as realCounts; expected 0", () => AttentionMask.Padding([3, -2]) },
        { "Padding: got no counts", () => AttentionMask.Padding([]) },
        { "Padding: got no batch rows", () => AttentionMask.Padding(new bool[0, 4]) },
        { "Padding: got side 7", () => AttentionMask.Padding([1], (PaddingSide)7) },
        { "Documents: got no batch rows", () => AttentionMask.Documents(new int[0, 4]) },
        { "Prefix: got -1 as length; expected 0", () => AttentionMask.Prefix(-1) },
        { "GlobalTokens: got -1 as position; expected 0", () => AttentionMask.GlobalTokens(2, -1) },
        { "BlockSparse: got 0 as block; expected 1", () => AttentionMask.BlockSparse(0) },
        { "BlockSparse: got a window of 2 blocks; expected an odd number", () => AttentionMask.BlockSparse(4, 2) },
        { "BlockSparse: got -1 as random; expected 0", () => AttentionMask.BlockSparse(4, 3, 1, -1) },
        { "Dense: got 3 values for shape [2, 2]; expected 4", () => AttentionMask.Dense([true, true, true], new Shape(2, 2)) },
        { "Dense: seen has shape [0, 2, 2]", () => AttentionMask.Dense([], new Shape(0, 2, 2)) },
        { "Dense: seen has shape [1, 1, 1, 1, 1]", () => AttentionMask.Dense([true], new Shape(1, 1, 1, 1, 1)) },
        { "&: Padding(2 rows, Right) speaks of 2 batch rows, Prefix(3 rows) of 3", () => AttentionMask.Padding([1, 1]) & AttentionMask.Prefix(1, 2, 3) },
    };

    [Theory]
    [MemberData(nameof(BadArguments), DisableDiscoveryEnumeration = true)]
    public void Kinds_BadArguments_SayWhatIsWrong(string expected, Func<AttentionMask> make) =>
        Should.Throw<ArgumentException>(() => make()).Message.ShouldContain(expected);

    public static TheoryData<string, AttentionMask> BadSizes => new()
    {
        { "Padding: got 6 real keys; there are 5", AttentionMask.Padding([2, 6]) },
        { "got 2 batch rows; Padding(3 rows, Right) speaks of 3", AttentionMask.Padding([2, 2, 2]) },
        { "Padding: got 4 keys; there are 5", AttentionMask.Padding(new bool[2, 4]) },
        { "Documents: got the documents of 4 keys; there are 5", AttentionMask.Causal & AttentionMask.Documents([0, 0, 1, 1]) },
        { "Dense: got 3 queries and 4 keys; there are 3 and 5", AttentionMask.Causal | AttentionMask.Dense(new bool[3, 4]) },
        { "got 2 heads; Dense([1, 3, 1, 1]) speaks of 3", AttentionMask.Dense([true, false, true], new Shape(3, 1, 1)) },
    };

    [Theory]
    [MemberData(nameof(BadSizes), DisableDiscoveryEnumeration = true)]
    public void Compile_SizesThatDoNotFit_SaysSo(string expected, AttentionMask mask) =>
        Should.Throw<ArgumentException>(() => mask.Compile(2, 2, 3, 5)).Message.ShouldContain(expected);

    [Fact]
    public void Compile_NegativeSizes_SaysSo() =>
        Should.Throw<ArgumentException>(() => AttentionMask.Causal.Compile(1, 1, -3, 5)).Message.ShouldContain("-3 queries");

    [Fact]
    public void Sees_OutOfBounds_Throws()
    {
        Should.Throw<ArgumentException>(() => AttentionMask.Causal.Sees(5, 0, 5, 5));
        Should.Throw<ArgumentException>(() => AttentionMask.Causal.Sees(-1, 0, 5, 5));
        Should.Throw<ArgumentException>(() => AttentionMask.Causal.Sees(0, 5, 5, 5));
        Should.Throw<ArgumentException>(() => AttentionMask.Causal.Sees(0, 0, 5, 5, batch: -1));
        Should.Throw<ArgumentException>(() => AttentionMask.Prefix(1, 2).ToMatrix(2, 2, batch: 2)).Message.ShouldContain("batch row 2");
    }

    [Fact]
    public void Kinds_HugeArguments_AreLikeNoBound()
    {
        bool[,] causal = AttentionMask.Causal.ToMatrix(3, 5), all = AttentionMask.All.ToMatrix(3, 5);
        AttentionMask.SlidingWindow(int.MaxValue).ToMatrix(3, 5).ShouldBe(causal);
        AttentionMask.CenteredWindow(int.MaxValue).ToMatrix(3, 5).ShouldBe(all);
        AttentionMask.CenteredWindow(int.MaxValue, int.MaxValue).ToMatrix(2, 2).ShouldBe(new[,] { { true, false }, { false, true } });
        AttentionMask.Prefix(int.MaxValue).ToMatrix(3, 5).ShouldBe(all);
        AttentionMask.BlockSparse(int.MaxValue, int.MaxValue, 0, int.MaxValue).ToMatrix(3, 5).ShouldBe(all);
        AttentionMask.BlockSparse(1, 1, int.MaxValue, int.MaxValue).ToMatrix(3, 5).ShouldBe(all);
    }

    [Fact]
    public void Masks_ArraysChangedAfterwards_StayTheSame()
    {
        bool[,] seen = new bool[2, 2];
        int[] counts = [1];
        AttentionMask dense = AttentionMask.Dense(seen), padding = AttentionMask.Padding(counts);
        seen[0, 0] = true;
        counts[0] = 2;
        dense.ToMatrix(2, 2).Cast<bool>().ShouldAllBe(pair => !pair);
        padding.ToMatrix(1, 2)[0, 1].ShouldBeFalse();
    }
}
