using Heed.Tensors;

namespace Heed.Tests.Tensors;

public class FoldingTests
{
    [Fact]
    public void Sum_ChosenAxes_MatchesPlainLoops()
    {
        int[] sizes = [2, 3, 4, 5];
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
            for (int set = 0; set < 16; set++)
                foreach (bool keep in new[] { false, true })
                {
                    Tensor x = Samples.Make(1, Layout.Reversed, sizes, device);
                    Index[] axes = [.. Enumerable.Range(0, 4).Where(axis => (set & (1 << axis)) != 0).Select(axis => axis % 2 == 0 ? new Index(axis) : new Index(4 - axis, fromEnd: true))];
                    Tensor got = x.Sum(axes, keep);
                    int[] kept = [.. Enumerable.Range(0, 4).Where(axis => (set & (1 << axis)) == 0)];
                    got.Shape.ToArray().ShouldBe(keep ? [.. sizes.Select((size, axis) => (set & (1 << axis)) != 0 ? 1 : size)] : [.. kept.Select(axis => sizes[axis])]);
                    string letters = "abcd";
                    Tensor expected = Ops.Einsum($"{letters}->{string.Concat(kept.Select(axis => letters[axis]))}", x);
                    Samples.ShouldMatch(Samples.Read(got), Samples.Read(expected));
                }
    }

    [Fact]
    public void Folds_SmallExample_GiveKnownValues()
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Tensor x = Tensor.From([1, 2, 3, 4, 5, 9], new Shape(2, 3), device);
            x.Sum().Item().ShouldBe(24);
            x.Sum().Rank.ShouldBe(0);
            x.Mean().Item().ShouldBe(4);
            x.Max().Item().ShouldBe(9);
            x.Min().Item().ShouldBe(1);
            x.Sum(0).ToArray().ShouldBe([5, 7, 12]);
            x.Mean(^1, keepDims: true).Shape.ShouldBe(new Shape(2, 1));
            x.Mean(^1).ToArray().ShouldBe([2, 6]);
            x.Max(0).ToArray().ShouldBe([4, 5, 9]);
            x.Min([0, 1]).Item().ShouldBe(1);
            (x - x.Mean(1, keepDims: true)).Sum(1).ToArray().ShouldBe([0, 0]);
        }
    }

    [Fact]
    public void Folds_WrongAxes_SayWhatIsWrong()
    {
        Tensor x = Tensor.Ones(new Shape(2, 3));
        Should.Throw<ArgumentException>(() => x.Sum(2)).Message.ShouldBe("Sum: axis 2 is outside x [2, 3].");
        Should.Throw<ArgumentException>(() => x.Mean([0, ^2])).Message.ShouldContain("given twice");
        Should.Throw<ArgumentException>(() => Tensor.Zeros(new Shape(2, 0)).Max(1)).Message.ShouldContain("no elements");
        Tensor.Zeros(new Shape(2, 0)).Max(0).ElementCount.ShouldBe(0);
    }

    [Fact]
    public void ArgMax_TiesAndNaN_TakeTheFirstGreatest()
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Tensor x = Tensor.From([1, 3, 3, float.NaN, 4, 2, float.NaN, float.NegativeInfinity, 9], new Shape(3, 3), device);
            x.ArgMax().ShouldBe([1, 1, 2]);
            x.Transpose(0, 1).ArgMax().ShouldBe([0, 1, 2]);
            Tensor.Zeros(new Shape(0, 4), device).ArgMax().ShouldBeEmpty();
        }
        Should.Throw<ArgumentException>(() => Tensor.Zeros(new Shape(2, 0)).ArgMax()).Message.ShouldContain("ArgMax: x has shape [2, 0]");
    }

    [Fact]
    public void ArgMax_LongRows_MatchesPlainLoop()
    {
        Tensor x = Samples.Make(9, [7, 5000], Device.Cpu);
        x.ArgMax().ShouldBe([.. Enumerable.Range(0, 7).Select(row => Array.IndexOf(x.Select(0, row).ToArray(), x.Select(0, row).ToArray().Max()))]);
    }
}
