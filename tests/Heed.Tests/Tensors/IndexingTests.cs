using Heed.Tensors;

namespace Heed.Tests.Tensors;

public class IndexingTests
{
    private static readonly Device[] Devices = [Device.Cpu, Device.Reference];

    [Fact]
    public void CumSum_EachAxis_AddsUp()
    {
        foreach (Device device in Devices)
        {
            Tensor x = Tensor.From([1, 2, 3, 4, 5, 6], new Shape(2, 3), device);
            Ops.CumSum(x, 0).ToArray().ShouldBe([1, 2, 3, 5, 7, 9]);
            Ops.CumSum(x, ^1).ToArray().ShouldBe([1, 3, 6, 4, 9, 15]);
            Ops.CumSum(x.Transpose(0, 1), 0).ToArray().ShouldBe([1, 4, 3, 9, 6, 15]);
            Ops.CumSum(x.Reshape(1, 2, 1, 3), 1).ToArray().ShouldBe([1, 2, 3, 5, 7, 9]);
            Ops.CumSum(Tensor.Zeros(new Shape(2, 0), device), 1).ElementCount.ShouldBe(0);
            x.ToArray().ShouldBe([1, 2, 3, 4, 5, 6]);
        }
        Should.Throw<ArgumentException>(() => Ops.CumSum(Tensor.Ones(new Shape(2)), 1)).Message.ShouldContain("CumSum: axis 1");
    }

    [Theory]
    [InlineData(-9)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void Triangles_AnyDiagonal_KeepTheirSide(int diagonal)
    {
        foreach (Device device in Devices)
            foreach ((int rows, int columns) in new[] { (3, 3), (2, 5), (5, 2), (1, 1) })
            {
                Tensor x = Tensor.Ones(new Shape(2, rows, columns), device);
                double[] upper = Samples.Read(Ops.Triu(x, diagonal)), lower = Samples.Read(Ops.Tril(x, diagonal, fill: -7));
                for (int i = 0; i < upper.Length; i++)
                {
                    long row = i / columns % rows, column = i % columns;
                    upper[i].ShouldBe(column - row >= diagonal ? 1 : 0);
                    lower[i].ShouldBe(column - row <= diagonal ? 1 : -7);
                }
            }
        Should.Throw<ArgumentException>(() => Ops.Triu(Tensor.Ones(new Shape(3)))).Message.ShouldContain("Triu: x has shape [3]");
    }

    [Fact]
    public void Where_BroadcastOperands_Chooses()
    {
        foreach (Device device in Devices)
        {
            Tensor mask = Tensor.From([1, 0, 2], new Shape(3), device), a = Tensor.From([10, 20], new Shape(2, 1), device), b = Tensor.Full(new Shape(), -1, device);
            Tensor got = Ops.Where(mask, a, b);
            got.Shape.ShouldBe(new Shape(2, 3));
            got.ToArray().ShouldBe([10, -1, 10, 20, -1, 20]);
            Ops.MaskFill(got, mask, 0).ToArray().ShouldBe([0, -1, 0, 0, -1, 0]);
            Ops.MaskFill(a, Tensor.From([0, 1], new Shape(2, 1), device), double.NegativeInfinity).ToArray().ShouldBe([10, float.NegativeInfinity]);
        }
    }

    [Fact]
    public void TopK_Ties_TakeTheLowerIndexFirst()
    {
        foreach (Device device in Devices)
        {
            Tensor x = Tensor.From([1, 5, 5, 2, 5, float.NaN, 7, 1, 1, 1, 7, 0], new Shape(2, 6), device);
            (Tensor values, int[] indices) = Ops.TopK(x, 4);
            values.ToArray().ShouldBe([5, 5, 5, 2, 7, 7, 1, 1]);
            indices.ShouldBe([1, 2, 4, 3, 0, 4, 1, 2]);
            Ops.TopK(x, 0).Values.Shape.ShouldBe(new Shape(2, 0));
            Ops.TopK(x, 6).Indices[5].ShouldBe(5);
        }
        Should.Throw<ArgumentException>(() => Ops.TopK(Tensor.Ones(new Shape(2, 3)), 4)).Message.ShouldBe("TopK: x has shape [2, 3]; expected a last axis of 4 elements or more.");
    }

    [Fact]
    public void Sort_BothDirections_AreStableWithNaNLast()
    {
        foreach (Device device in Devices)
        {
            Tensor x = Tensor.From([2, float.NaN, 1, 2, float.NegativeInfinity, 1], new Shape(6), device);
            (Tensor rising, int[] risingIndices) = Ops.Sort(x);
            rising.ToArray().ShouldBe([float.NegativeInfinity, 1, 1, 2, 2, float.NaN]);
            risingIndices.ShouldBe([4, 2, 5, 0, 3, 1]);
            (Tensor falling, int[] fallingIndices) = Ops.Sort(x, descending: true);
            falling.ToArray().ShouldBe([2, 2, 1, 1, float.NegativeInfinity, float.NaN]);
            fallingIndices.ShouldBe([0, 3, 2, 5, 4, 1]);
        }
    }

    [Fact]
    public void Sort_StridedRows_MatchesGatherAlongItsIndices()
    {
        Tensor x = Samples.Make(1, Layout.Reversed, [4, 3, 50], Device.Cpu);
        (Tensor values, int[] indices) = Ops.Sort(x);
        Samples.ShouldMatch(Ops.GatherAlong(x, ^1, indices, x.Shape), values, 0, 0);
        for (int i = 1; i < values.ElementCount; i++)
            if (i % 50 != 0) values.AsSpan()[i].ShouldBeGreaterThanOrEqualTo(values.AsSpan()[i - 1]);
    }

    [Fact]
    public void GatherAlong_EachAxis_MatchesDefinition()
    {
        foreach (Device device in Devices)
        {
            Tensor x = Samples.Make(2, Layout.Sliced, [3, 4, 5], device);
            for (int axis = 0; axis < 3; axis++)
            {
                int[] shape = [2, 3, 4];
                int[] indices = [.. Enumerable.Range(0, 24).Select(i => i * 7 % x.Shape[axis])];
                double[] got = Samples.Read(Ops.GatherAlong(x, axis, indices, new Shape(shape))), source = Samples.Read(x);
                for (int i = 0; i < 24; i++)
                {
                    int[] place = [i / 12, i / 4 % 3, i % 4];
                    place[axis] = indices[i];
                    got[i].ShouldBe(source[(place[0] * 4 + place[1]) * 5 + place[2]]);
                }
            }
        }
    }

    [Fact]
    public void Scatter_RepeatedIndices_LastWinsOrAllAdd()
    {
        foreach (Device device in Devices)
        {
            Tensor x = Tensor.Zeros(new Shape(2, 3), device), source = Tensor.From([1, 2, 3, 4, 5, 6], new Shape(2, 3), device);
            Ops.Scatter(x, 1, [0, 0, 2, 1, 1, 1], source).ToArray().ShouldBe([2, 0, 3, 0, 6, 0]);
            Ops.Scatter(x, 1, [0, 0, 2, 1, 1, 1], source, accumulate: true).ToArray().ShouldBe([3, 0, 3, 0, 15, 0]);
            Ops.Scatter(x, 0, [1, 0, 1], source.Slice(0, 0, 1)).ToArray().ShouldBe([0, 2, 0, 1, 0, 3]);
            x.ToArray().ShouldAllBe(value => value == 0);
        }
    }

    [Fact]
    public void GatherAlongAndScatter_WrongArguments_SayWhatIsWrong()
    {
        Tensor x = Tensor.Zeros(new Shape(2, 3));
        Should.Throw<ArgumentOutOfRangeException>(() => Ops.GatherAlong(x, 1, [0, 3], new Shape(2, 1))).Message.ShouldContain("index 3 is outside axis 1 of x [2, 3]");
        Should.Throw<ArgumentOutOfRangeException>(() => Ops.GatherAlong(x, 1, [0, -1], new Shape(2, 1)));
        Should.Throw<ArgumentException>(() => Ops.GatherAlong(x, 1, [0], new Shape(2, 1))).Message.ShouldContain("got 1 indices");
        Should.Throw<ArgumentException>(() => Ops.GatherAlong(x, 1, [0, 0, 0], new Shape(3, 1))).Message.ShouldContain("at most x [2, 3]");
        Should.Throw<ArgumentException>(() => Ops.Scatter(x, 0, [0], Tensor.Zeros(new Shape(1)))).Message.ShouldContain("2 axes");
    }

    [Fact]
    public void Concat_EachAxis_LiesOneAfterAnother()
    {
        foreach (Device device in Devices)
            for (int axis = 0; axis < 3; axis++)
            {
                int[] a = [2, 3, 4], b = [2, 3, 4], c = [2, 3, 4];
                (b[axis], c[axis]) = (0, 5);
                Tensor first = Samples.Make(1, Layout.Reversed, a, device), middle = Samples.Make(2, b, device), last = Samples.Make(3, c, device);
                Tensor all = Ops.Concat(axis, first, middle, last);
                all.Shape[axis].ShouldBe(a[axis] + 5);
                Samples.ShouldMatch(all.Slice(axis, 0, a[axis]), first, 0, 0);
                Samples.ShouldMatch(all.Slice(axis, a[axis], 5), last, 0, 0);
            }
        Should.Throw<ArgumentException>(() => Ops.Concat(0, Tensor.Ones(new Shape(2, 3)), Tensor.Ones(new Shape(2, 4)))).Message
            .ShouldBe("Concat: tensors[1] has shape [2, 4]; expected that of tensors[0] [2, 3] in all axes but 0.");
        Should.Throw<ArgumentException>(() => Ops.Concat(0)).Message.ShouldContain("no tensors");
    }

    [Fact]
    public void Stack_EachPlace_AddsAnAxis()
    {
        foreach (Device device in Devices)
        {
            Tensor a = Samples.Make(1, [2, 3], device), b = Samples.Make(2, Layout.Reversed, [2, 3], device);
            for (int axis = 0; axis <= 2; axis++)
            {
                Tensor all = Ops.Stack(axis, a, b);
                all.Rank.ShouldBe(3);
                Samples.ShouldMatch(all.Select(axis, 0), a, 0, 0);
                Samples.ShouldMatch(all.Select(axis, 1), b, 0, 0);
            }
            Ops.Stack(^0, a, b).Shape.ShouldBe(new Shape(2, 3, 2));
        }
        Should.Throw<ArgumentException>(() => Ops.Stack(0, Tensor.Ones(new Shape(2)), Tensor.Ones(new Shape(3)))).Message.ShouldContain("tensors[1] has shape [3]");
        Should.Throw<ArgumentException>(() => Ops.Stack(2, Tensor.Ones(new Shape(2)))).Message.ShouldContain("a new axis at 2");
    }

    [Fact]
    public void Unfold_Windows_OverlapWithoutCopy()
    {
        Tensor x = Tensor.From([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], new Shape(5, 2));
        Tensor windows = x.Unfold(0, 3, 2);
        windows.Shape.ShouldBe(new Shape(2, 2, 3));
        windows.ToArray().ShouldBe([0, 2, 4, 1, 3, 5, 4, 6, 8, 5, 7, 9]);
        x.AsSpan()[4] = 40;
        windows.ToArray().Count(value => value == 40).ShouldBe(2);
        Should.Throw<ArgumentException>(() => x.Unfold(0, 6)).Message.ShouldContain("expected a size of 1 to 5");
    }
}
