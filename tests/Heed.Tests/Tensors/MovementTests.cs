using Heed.Tensors;

namespace Heed.Tests.Tensors;

public class MovementTests
{
    [Fact]
    public void Reshape_OpenAxis_IsWorkedOut()
    {
        Tensor x = Tensor.Range(24);
        x.Reshape(2, -1, 4).Shape.ShouldBe(new Shape(2, 3, 4));
        x.Reshape(-1).Shape.ShouldBe(new Shape(24));
        Tensor.Zeros(new Shape(0, 3)).Reshape(-1, 3).Shape.ShouldBe(new Shape(0, 3));
        Should.Throw<ArgumentException>(() => x.Reshape(5, -1)).Message.ShouldContain("24 elements");
        Should.Throw<ArgumentException>(() => x.Reshape(-1, -1));
        Should.Throw<ArgumentException>(() => x.Reshape(5, 5)).Message.ShouldBe("Reshape: [24] has 24 elements, [5, 5] has 25; they must be equal.");
    }

    [Fact]
    public void Reshape_ContiguousTensor_SharesMemoryAndAStridedOneDoesNot()
    {
        Tensor x = Tensor.Zeros(new Shape(2, 3));
        x.Reshape(6).AsSpan()[5] = 1;
        x.AsSpan()[5].ShouldBe(1);
        Tensor turned = x.Transpose(0, 1).Reshape(6);
        turned.ToArray().ShouldBe([0, 0, 0, 0, 0, 1]);
        turned.AsSpan()[0] = 7;
        x.AsSpan()[0].ShouldBe(0);
    }

    [Fact]
    public void Permute_AllOrders_MoveEveryElement()
    {
        Tensor x = Tensor.Range(24).Reshape(2, 3, 4);
        Tensor turned = x.Permute(2, 0, 1);
        turned.Shape.ShouldBe(new Shape(4, 2, 3));
        turned.IsContiguous.ShouldBeFalse();
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 2; j++)
                for (int k = 0; k < 3; k++) turned.Select(0, i).Select(0, j).Select(0, k).Item().ShouldBe((j * 3 + k) * 4 + i);
        turned.Permute(1, 2, 0).IsContiguous.ShouldBeTrue();
        Should.Throw<ArgumentException>(() => x.Permute(0, 1)).Message.ShouldContain("expected 3");
        Should.Throw<ArgumentException>(() => x.Permute(0, 1, 1)).Message.ShouldContain("not a permutation");
        Should.Throw<ArgumentException>(() => x.Permute(0, 1, 3)).Message.ShouldContain("not a permutation");
        Should.Throw<ArgumentException>(() => x.Transpose(0, 3)).Message.ShouldContain("Transpose: axis 3");
    }

    [Fact]
    public void SliceSelectEvery_Views_WriteThrough()
    {
        Tensor x = Tensor.Zeros(new Shape(4, 6));
        x.Slice(0, 1, 2).Slice(^1, 5, 1).Assign(Tensor.From(3));
        x.Select(1, 5).ToArray().ShouldBe([0, 3, 3, 0]);
        x.Every(1, 4).Assign(Tensor.From(1, 2));
        x.Select(0, 3).ToArray().ShouldBe([1, 0, 0, 0, 2, 0]);
        x.Slice(0, 4, 0).ElementCount.ShouldBe(0);
        x.Every(0, 100).Shape.ShouldBe(new Shape(1, 6));
        Should.Throw<ArgumentException>(() => x.Slice(0, 3, 2)).Message.ShouldBe("Slice: [3, 5) is outside axis 0 of [4, 6].");
        Should.Throw<ArgumentException>(() => x.Slice(0, -1, 2));
        Should.Throw<ArgumentException>(() => x.Slice(0, 1, int.MaxValue)).Message.ShouldContain("[1, 2147483648)");
        Should.Throw<ArgumentException>(() => x.Slice(2, 0, 1)).Message.ShouldContain("axis 2 is outside");
        Should.Throw<ArgumentException>(() => x.Every(2, 1)).Message.ShouldContain("axis 2 is outside");
        Should.Throw<ArgumentException>(() => x.Select(0, 4));
    }

    [Fact]
    public void SqueezeUnsqueeze_EachPlace_RoundTrip()
    {
        Tensor x = Samples.Make(1, Layout.Reversed, [2, 3], Device.Cpu);
        for (int axis = 0; axis <= 2; axis++)
        {
            Tensor wide = x.Unsqueeze(axis);
            wide.Shape[axis].ShouldBe(1);
            Samples.ShouldMatch(wide.Squeeze(axis), x, 0, 0);
        }
        x.Unsqueeze(^0).Shape.ShouldBe(new Shape(2, 3, 1));
        Tensor.Ones(default).Unsqueeze(0).Shape.ShouldBe(new Shape(1));
        Should.Throw<ArgumentException>(() => x.Squeeze(0)).Message.ShouldContain("more than one element");
        Should.Throw<ArgumentException>(() => x.Unsqueeze(3)).Message.ShouldContain("expected 0 to 2");
        Should.Throw<ArgumentException>(() => Tensor.Ones(new Shape(1, 1, 1, 1, 1, 1, 1, 1)).Unsqueeze(0)).Message.ShouldContain("8 axes already");
    }

    [Fact]
    public void BroadcastTo_WrongShapes_SayWhichAxis()
    {
        Tensor x = Tensor.Ones(new Shape(2, 3));
        x.BroadcastTo(new Shape(4, 2, 3)).ToArray().ShouldAllBe(value => value == 1);
        x.BroadcastTo(x.Shape).ShouldBeSameAs(x);
        Should.Throw<ArgumentException>(() => x.BroadcastTo(new Shape(3))).Message.ShouldBe("BroadcastTo: [2, 3] has more axes than [3].");
        Should.Throw<ArgumentException>(() => x.BroadcastTo(new Shape(2, 4))).Message.ShouldContain("axis 1 has size 3, need 1 or 4");
    }

    [Fact]
    public void To_BetweenDevices_ConvertsExactly()
    {
        Tensor x = Samples.Make(1, Layout.Reversed, [3, 5], Device.Cpu);
        Tensor exact = x.To(Device.Reference);
        exact.DType.ShouldBe(DType.Float64);
        Samples.Read(exact).ShouldBe(Samples.Read(x));
        Samples.Bits(exact.To(Device.Cpu)).ShouldBe(Samples.Bits(x));
        x.To(Device.Cpu).ShouldBeSameAs(x);
        Device other = Device.CreateCpu(1);
        Samples.Read(x.To(other)).ShouldBe(Samples.Read(x));
        Should.Throw<InvalidOperationException>(() => exact.AsSpan()).Message.ShouldContain("got a Float64 tensor");
    }

    [Fact]
    public void Assign_BroadcastSource_FillsTheView()
    {
        Tensor x = Tensor.Zeros(new Shape(2, 3));
        x.Transpose(0, 1).Assign(Tensor.From([1, 2, 3], new Shape(3, 1)));
        x.ToArray().ShouldBe([1, 2, 3, 1, 2, 3]);
        Should.Throw<ArgumentException>(() => x.Assign(Tensor.Ones(x.Shape, Device.Reference)));
    }

    [Fact]
    public void IsContiguous_AxesOfOneElement_HaveRowMajorStrides()
    {
        Tensor x = Tensor.Range(6).Reshape(1, 6, 1).Permute(2, 0, 1);
        x.IsContiguous.ShouldBeTrue();
        (x.Stride(0), x.Stride(1), x.Stride(2)).ShouldBe((6, 6, 1));
        Tensor single = Tensor.Range(12).Reshape(3, 4).Slice(0, 1, 1);
        single.IsContiguous.ShouldBeTrue();
        single.ToArray().ShouldBe([4, 5, 6, 7]);
        Tensor.Range(12).Reshape(3, 4).Slice(1, 1, 1).IsContiguous.ShouldBeFalse();
    }

    [Fact]
    public void Group_AxesThatLieEvenly_AreNotCopied()
    {
        Tensor x = Tensor.Range(120).Reshape(2, 3, 4, 5);
        foreach (int[] order in new int[][] { [0, 1, 2, 3], [2, 3, 0, 1], [0, 3, 1, 2], [3, 2, 1, 0], [1, 0, 3, 2] })
            foreach ((int second, int third) in new[] { (1, 2), (2, 2), (0, 2), (2, 3), (0, 0), (4, 4) })
            {
                Tensor turned = x.Permute(order), grouped = turned.Group(second, third);
                grouped.Rank.ShouldBe(3);
                grouped.ToArray().ShouldBe(turned.ToArray());
            }
        x.Permute(2, 3, 0, 1).Group(0, 2).Stride(1).ShouldBe(1);
        x.Permute(2, 3, 0, 1).Group(0, 2).Stride(2).ShouldBe(20);
    }

    [Fact]
    public void Create_FromValues_ChecksTheirNumber()
    {
        Should.Throw<ArgumentException>(() => Tensor.From([1, 2, 3], new Shape(2, 2))).Message.ShouldContain("got 3 values");
        Tensor.Range(3, Device.Reference).ToArray().ShouldBe([0, 1, 2]);
        Tensor x = Tensor.Normal(new Shape(10_001), new Random(1), mean: 5, deviation: 2);
        x.Mean().Item().ShouldBe(5, 0.1);
        (x - 5).Square().Mean().Item().ShouldBe(4, 0.2);
        Samples.Bits(Tensor.Normal(new Shape(7), new Random(3))).ShouldBe(Samples.Bits(Tensor.Normal(new Shape(7), new Random(3))));
        Should.Throw<ArgumentException>(() => x.CopyTo(new float[3])).Message.ShouldContain("need 10001");
        Should.Throw<InvalidOperationException>(() => x.Item());
        Should.Throw<InvalidOperationException>(() => x.Every(0, 2).AsSpan()).Message.ShouldContain("strided view");
    }
}
