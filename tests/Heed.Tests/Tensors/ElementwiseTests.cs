using Heed.Tensors;

namespace Heed.Tests.Tensors;

public class ElementwiseTests
{
    public static TheoryData<int, Layout> UnaryCases()
    {
        TheoryData<int, Layout> cases = [];
        foreach (UnaryOp op in Enum.GetValues<UnaryOp>())
            foreach (Layout layout in Enum.GetValues<Layout>()) cases.Add((int)op, layout);
        return cases;
    }

    public static TheoryData<int, Layout, Layout> BinaryCases()
    {
        TheoryData<int, Layout, Layout> cases = [];
        foreach (BinaryOp op in Enum.GetValues<BinaryOp>())
            foreach (Layout a in Enum.GetValues<Layout>())
                foreach (Layout b in Enum.GetValues<Layout>()) cases.Add((int)op, a, b);
        return cases;
    }

    [Theory, MemberData(nameof(UnaryCases))]
    public void Unary_AnyShapeAndLayout_MatchesReference(int number, Layout layout)
    {
        UnaryOp op = (UnaryOp)number;
        bool positive = op is UnaryOp.Log or UnaryOp.Sqrt or UnaryOp.Rsqrt or UnaryOp.Reciprocal;
        foreach (int[] shape in Samples.OddShapes)
        {
            Tensor x = Samples.Make(number, layout, shape, Device.Cpu, positive ? 0.1 : -5, 5);
            Tensor exact = Samples.Make(number, layout, shape, Device.Reference, positive ? 0.1 : -5, 5);
            Tensor got = Tensor.Allocate(x.Shape, Device.Cpu), expected = Tensor.Allocate(x.Shape, Device.Reference);
            Device.Cpu.Backend.Unary(op, x, got);
            Device.Reference.Backend.Unary(op, exact, expected);
            // Single operations and kernels are within 4 units of the last place; GELU's tail cancels, so absolute there.
            Samples.ShouldMatch(got, expected, 5e-7, 3e-7);
        }
    }

    [Theory, MemberData(nameof(BinaryCases))]
    public void Binary_AnyShapeAndLayout_MatchesReference(int number, Layout layoutA, Layout layoutB)
    {
        BinaryOp op = (BinaryOp)number;
        bool positive = op is BinaryOp.Divide or BinaryOp.Power;
        foreach (int[] shape in Samples.OddShapes)
        {
            double low = positive ? 0.1 : -3;
            Tensor got = Tensor.Allocate(new Shape(shape), Device.Cpu), expected = Tensor.Allocate(new Shape(shape), Device.Reference);
            Device.Cpu.Backend.Binary(op, Samples.Make(1, layoutA, shape, Device.Cpu, low), Samples.Make(2, layoutB, shape, Device.Cpu, low), got);
            Device.Reference.Backend.Binary(op, Samples.Make(1, layoutA, shape, Device.Reference, low),
                Samples.Make(2, layoutB, shape, Device.Reference, low), expected);
            Samples.ShouldMatch(got, expected, 2e-7, 1e-30);
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Binary_DestinationIsAnOperand_MatchesSeparateDestination(bool overA, bool contiguous)
    {
        Layout layout = contiguous ? Layout.Contiguous : Layout.Sliced;
        Tensor a = Samples.Make(1, layout, [3, 300], Device.Cpu), b = Samples.Make(2, layout, [3, 300], Device.Cpu);
        Tensor expected = Tensor.Allocate(a.Shape, Device.Cpu);
        Device.Cpu.Backend.Binary(BinaryOp.Subtract, a, b, expected);
        Device.Cpu.Backend.Binary(BinaryOp.Subtract, a, b, overA ? a : b);
        Samples.ShouldMatch(overA ? a : b, expected, 0, 0);
    }

    [Fact]
    public void Binary_DestinationIsBothOperands_Doubles()
    {
        Tensor a = Tensor.From(1, 2, 3);
        Device.Cpu.Backend.Binary(BinaryOp.Add, a, a, a);
        a.ToArray().ShouldBe([2, 4, 6]);
    }

    [Fact]
    public void Binary_StridedDestination_LeavesTheRestUntouched()
    {
        Tensor all = Tensor.Zeros(new Shape(3, 8));
        Tensor target = all.Every(1, 2);
        Device.Cpu.Backend.Binary(BinaryOp.Add, Tensor.Ones(target.Shape), Tensor.Ones(target.Shape), target);
        all.ToArray().ShouldBe([2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0]);
    }

    [Theory]
    [InlineData(BinaryOpName.Maximum)]
    [InlineData(BinaryOpName.Minimum)]
    public void Binary_NaN_IsPropagated(BinaryOpName name)
    {
        foreach (int count in new[] { 1, 5, 40 })
        {
            Tensor x = Tensor.Full(new Shape(count), double.NaN), got = Tensor.Zeros(x.Shape);
            Device.Cpu.Backend.Binary(name == BinaryOpName.Maximum ? BinaryOp.Maximum : BinaryOp.Minimum, x, Tensor.Ones(x.Shape), got);
            got.ToArray().ShouldAllBe(value => float.IsNaN(value));
        }
    }

    [Fact]
    public void Unary_SameElementAnywhere_HasTheSameBits()
    {
        foreach (UnaryOp op in Enum.GetValues<UnaryOp>())
        {
            HashSet<int> bits = [];
            foreach (int count in new[] { 1, 3, 4, 7, 8, 15, 16, 17, 31, 100, 70_000 })
            {
                Tensor x = Tensor.Full(new Shape(count), 0.7310585f), got = Tensor.Zeros(x.Shape);
                Device.Cpu.Backend.Unary(op, x, got);
                bits.UnionWith(Samples.Bits(got));
            }
            bits.Count.ShouldBe(1, $"{op} gives {bits.Count} different results for one argument");
        }
    }

    [Theory]
    [InlineData(Layout.Contiguous)]
    [InlineData(Layout.Reversed)]
    [InlineData(Layout.Sliced)]
    [InlineData(Layout.EverySecond)]
    [InlineData(Layout.Repeated)]
    public void Copy_AnyShapeAndLayout_KeepsEveryElement(Layout layout)
    {
        foreach (int[] shape in Samples.OddShapes)
            foreach (Device device in new[] { Device.Cpu, Device.Reference })
            {
                Tensor source = Samples.Make(3, layout, shape, device);
                Samples.Read(source.Clone()).ShouldBe(Samples.Read(source));
                Tensor target = Samples.Make(4, layout == Layout.Repeated ? Layout.Sliced : layout, shape, device);
                device.Backend.Copy(source, target);
                Samples.Read(target).ShouldBe(Samples.Read(source));
            }
    }

    [Fact]
    public void Copy_TurnedByTiles_KeepsEveryElement()
    {
        foreach (int[] shape in new int[][] { [16, 16], [17, 33], [300, 301], [3, 40, 50], [40, 3, 50], [2, 35, 3, 20] })
            for (int last = 0; last < shape.Length - 1; last++)
                foreach (Layout layout in new[] { Layout.Contiguous, Layout.Sliced, Layout.EverySecond })
                {
                    Tensor source = Samples.Make(8, layout, shape, Device.Cpu).Transpose(last, ^1);
                    Samples.Read(source.Clone()).ShouldBe(Samples.Read(source));
                    Tensor wider = Samples.Make(9, Layout.Sliced, source.Shape.ToArray(), Device.Cpu);
                    wider.Assign(source);
                    Samples.Read(wider).ShouldBe(Samples.Read(source));
                }
    }

    [Theory]
    [InlineData(Layout.Contiguous)]
    [InlineData(Layout.Reversed)]
    [InlineData(Layout.Sliced)]
    [InlineData(Layout.EverySecond)]
    public void Fill_AnyShapeAndLayout_SetsEveryElement(Layout layout)
    {
        foreach (int[] shape in Samples.OddShapes)
            foreach (Device device in new[] { Device.Cpu, Device.Reference })
            {
                Tensor target = Samples.Make(5, layout, shape, device);
                device.Backend.Fill(target, 1.5);
                Samples.Read(target).ShouldAllBe(value => value == 1.5);
            }
    }

    [Fact]
    public void Fill_SlicedView_LeavesTheRestUntouched()
    {
        Tensor all = Tensor.Zeros(new Shape(4, 6));
        Device.Cpu.Backend.Fill(all.Slice(0, 1, 2).Slice(1, 2, 3), 1);
        all.ToArray().Sum().ShouldBe(6);
        all.Slice(0, 1, 2).Slice(1, 2, 3).ToArray().ShouldAllBe(value => value == 1);
    }

    [Theory]
    [InlineData(Layout.Contiguous)]
    [InlineData(Layout.Reversed)]
    [InlineData(Layout.Sliced)]
    [InlineData(Layout.Repeated)]
    public void Elementwise_AnyThreadCount_GivesTheSameBits(Layout layout)
    {
        int[][] results = [.. Enumerable.Range(1, 4).Select(threads =>
        {
            Device device = Device.CreateCpu(threads);
            Tensor x = Samples.Make(6, layout, [17, 41, 129], device), y = Samples.Make(7, [129], device);
            Tensor sum = Tensor.Allocate(x.Shape, device), exp = Tensor.Allocate(x.Shape, device);
            device.Backend.Binary(BinaryOp.Multiply, x, y.BroadcastTo(x.Shape), sum);
            device.Backend.Unary(UnaryOp.Tanh, sum, exp);
            return Samples.Bits(exp);
        })];
        foreach (int[] result in results[1..]) result.ShouldBe(results[0]);
    }

    /// <summary>Public names of operations that a theory passes.</summary>
    public enum BinaryOpName
    {
        Maximum,
        Minimum,
    }
}
