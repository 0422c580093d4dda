using Heed.Tensors;

namespace Heed.Tests.Tensors;

public class ReduceTests
{
    public static TheoryData<int, Layout> Cases()
    {
        TheoryData<int, Layout> cases = [];
        foreach (ReduceOp op in Enum.GetValues<ReduceOp>())
            foreach (Layout layout in Enum.GetValues<Layout>()) cases.Add((int)op, layout);
        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Reduce_AnyShapeLayoutAndAxes_MatchesReference(int number, Layout layout)
    {
        int[][] shapes = [.. Samples.OddShapes, [3, 1000], [1000, 3], [10, 33, 20], [5, 300, 2]];
        foreach (int[] shape in shapes)
            for (int axes = 0; axes <= shape.Length; axes++)
            {
                Tensor got = Reduce((ReduceOp)number, Samples.Make(1, layout, shape, Device.Cpu), axes);
                Tensor expected = Reduce((ReduceOp)number, Samples.Make(1, layout, shape, Device.Reference), axes);
                // Summed in double and rounded once: half a unit of the last place.
                Samples.ShouldMatch(got, expected, 6.1e-8, 1e-12);
            }
    }

    [Theory]
    [InlineData(32 * 1024)]
    [InlineData(32 * 1024 + 1)]
    [InlineData(100_003)]
    public void Reduce_SeveralBlocks_MatchesReference(int count)
    {
        foreach (ReduceOp op in Enum.GetValues<ReduceOp>())
            foreach (Layout layout in new[] { Layout.Contiguous, Layout.EverySecond })
            {
                Tensor x = Samples.Make(2, layout, [count], Device.Cpu);
                Samples.ShouldMatch(Reduce(op, x, 1), Reduce(op, x.To(Device.Reference), 1), 6.1e-8, 1e-12);
            }
    }

    [Fact]
    public void Reduce_SumOfManyTenths_IsRoundedOnce()
    {
        const int count = 10_000_000;
        Tensor x = Tensor.Full(new Shape(1), 0.1f).BroadcastTo(new Shape(count));
        Reduce(ReduceOp.Sum, x, 1).Item().ShouldBe((float)(count * (double)0.1f));
    }

    [Fact]
    public void Reduce_SameElementsInAnotherLayout_HaveTheSameBits()
    {
        Tensor x = Samples.Make(3, [50_000, 3], Device.Cpu).Transpose(0, 1);
        Samples.Bits(Reduce(ReduceOp.Sum, x, 1)).ShouldBe(Samples.Bits(Reduce(ReduceOp.Sum, x.Contiguous(), 1)));
    }

    [Fact]
    public void Reduce_AnyThreadCount_GivesTheSameBits()
    {
        Device[] devices = [.. Enumerable.Range(1, 4).Select(Device.CreateCpu)];
        foreach (int[] shape in new int[][] { [100_001], [3, 40_000], [1000, 77], [37, 5, 451] })
            foreach (Layout layout in Enum.GetValues<Layout>())
            {
                int[][] results = [.. devices.Select(device => Samples.Bits(Reduce(ReduceOp.Sum, Samples.Make(4, layout, shape, device), 1)))];
                foreach (int[] result in results[1..]) result.ShouldBe(results[0]);
            }
    }

    [Fact]
    public void Reduce_NoElements_GivesTheNeutralElement()
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Tensor x = Tensor.Zeros(new Shape(2, 0), device);
            Reduce(ReduceOp.Sum, x, 1).ToArray().ShouldBe([0, 0]);
            Reduce(ReduceOp.Mean, x, 1).ToArray().ShouldAllBe(value => float.IsNaN(value));
            Reduce(ReduceOp.Max, x, 1).ToArray().ShouldAllBe(value => float.IsNegativeInfinity(value));
            Reduce(ReduceOp.Min, x, 1).ToArray().ShouldAllBe(value => float.IsPositiveInfinity(value));
        }
    }

    [Fact]
    public void Reduce_NaNAmongElements_IsPropagatedByMaxAndMin()
    {
        foreach (int count in new[] { 2, 20, 500 })
        {
            Tensor x = Tensor.Ones(new Shape(count, 2));
            x.Slice(0, count / 2, 1).Slice(1, 1, 1).Assign(Tensor.From(float.NaN));
            foreach (ReduceOp op in new[] { ReduceOp.Max, ReduceOp.Min })
            {
                float[] got = Reduce(op, x.Transpose(0, 1), 1).ToArray();
                got[0].ShouldBe(1);
                got[1].ShouldBe(float.NaN);
            }
        }
    }

    private static Tensor Reduce(ReduceOp op, Tensor x, int axes)
    {
        Tensor result = Tensor.Allocate(new Shape(x.Shape.ToArray()[..(x.Rank - axes)]), x.Device);
        x.Backend.Reduce(op, x, axes, result);
        return result;
    }
}
