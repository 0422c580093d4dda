using Heed.Tensors;

namespace Heed.Tests.Tensors;

public class ArithmeticTests
{
    [Fact]
    public void Broadcast_NineByEightByThree_FollowsTheRules()
    {
        // [9, 1, 3] and [8, 1] are aligned at the last axis: 1 repeats to 8, and 1 repeats to 3.
        Tensor a = Samples.Make(1, [9, 1, 3], Device.Cpu), b = Samples.Make(2, [8, 1], Device.Cpu);
        Tensor sum = a + b;
        sum.Shape.ShouldBe(new Shape(9, 8, 3));
        for (int i = 0; i < 9; i++)
            for (int j = 0; j < 8; j++)
                for (int k = 0; k < 3; k++)
                    sum.AsSpan()[(i * 8 + j) * 3 + k].ShouldBe(a.AsSpan()[i * 3 + k] + b.AsSpan()[j]);
    }

    public static TheoryData<int[], int[], int[]> BroadcastCases() => new()
    {
        { [], [], [] },
        { [3], [], [3] },
        { [3], [1], [3] },
        { [1], [3], [3] },
        { [2, 1], [1, 4], [2, 4] },
        { [9, 8, 3], [3], [9, 8, 3] },
        { [9, 8, 3], [8, 1], [9, 8, 3] },
        { [1, 5], [0, 1], [0, 5] },
        { [0], [1], [0] },
        { [5, 1, 4, 1], [3, 1, 6], [5, 3, 4, 6] },
    };

    [Theory, MemberData(nameof(BroadcastCases))]
    public void Operators_BroadcastShapes_MatchElementwiseDefinition(int[] shapeA, int[] shapeB, int[] expected)
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Tensor a = Samples.Make(1, Layout.Sliced, shapeA, device, 0.5), b = Samples.Make(2, Layout.Reversed, shapeB, device, 0.5);
            double[] left = Samples.Read(a.BroadcastTo(new Shape(expected))), right = Samples.Read(b.BroadcastTo(new Shape(expected)));
            (Tensor Got, Func<double, double, double> Want)[] cases =
            [
                (a + b, (x, y) => x + y), (a - b, (x, y) => x - y), (a * b, (x, y) => x * y), (a / b, (x, y) => x / y),
                (a.Maximum(b), Math.Max), (a.Minimum(b), Math.Min), (a.Pow(b), Math.Pow),
            ];
            foreach ((Tensor got, Func<double, double, double> want) in cases)
            {
                got.Shape.ShouldBe(new Shape(expected));
                Samples.ShouldMatch(Samples.Read(got), [.. left.Zip(right, want)], 2e-7);
            }
        }
    }

    [Fact]
    public void Operators_ShapesThatDoNotBroadcast_SayWhichAxis()
    {
        Tensor a = Tensor.Ones(new Shape(9, 8, 3)), b = Tensor.Ones(new Shape(4, 3));
        Should.Throw<ArgumentException>(() => a + b).Message.ShouldBe(
            "Add: [9, 8, 3] and [4, 3] do not broadcast; axis 2 from the end has sizes 8 and 4, need equal or 1.");
        Should.Throw<ArgumentException>(() => a * Tensor.Ones(new Shape(3), Device.Reference)).Message.ShouldContain("different devices");
    }

    [Fact]
    public void Operators_Scalars_StandOnEitherSide()
    {
        Tensor x = Tensor.From(1, 2, 4);
        (x + 1).ToArray().ShouldBe([2, 3, 5]);
        (1 + x).ToArray().ShouldBe([2, 3, 5]);
        (x - 1).ToArray().ShouldBe([0, 1, 3]);
        (1 - x).ToArray().ShouldBe([0, -1, -3]);
        (x * 3).ToArray().ShouldBe([3, 6, 12]);
        (3 * x).ToArray().ShouldBe([3, 6, 12]);
        (x / 2).ToArray().ShouldBe([0.5f, 1, 2]);
        (2 / x).ToArray().ShouldBe([2, 1, 0.5f]);
        (-x).ToArray().ShouldBe([-1, -2, -4]);
        x.Pow(3).ToArray().ShouldBe([1, 8, 64]);
        x.Pow(2).ToArray().ShouldBe([1, 4, 16]);
        x.Maximum(2).ToArray().ShouldBe([2, 2, 4]);
        x.Minimum(2).ToArray().ShouldBe([1, 2, 2]);
    }

    [Fact]
    public void Functions_KnownArguments_GiveKnownValues()
    {
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
        {
            Tensor x = Tensor.From([0.25f, 1, 4], new Shape(3), device);
            Samples.ShouldMatch(Samples.Read(x.Sqrt()), [0.5, 1, 2]);
            Samples.ShouldMatch(Samples.Read(x.Rsqrt()), [2, 1, 0.5]);
            Samples.ShouldMatch(Samples.Read(x.Reciprocal()), [4, 1, 0.25]);
            Samples.ShouldMatch(Samples.Read(x.Square()), [0.0625, 1, 16]);
            Samples.ShouldMatch(Samples.Read((-x).Abs()), [0.25, 1, 4]);
            Samples.ShouldMatch(Samples.Read(x.Exp()), [1.2840254166877414, 2.718281828459045, 54.598150033144236], 3e-7);
            Samples.ShouldMatch(Samples.Read(x.Log()), [-1.3862943611198906, 0, 1.3862943611198906], 3e-7);
            Samples.ShouldMatch(Samples.Read(x.Sin()), [0.24740395925452294, 0.8414709848078965, -0.7568024953079282], 3e-7);
            Samples.ShouldMatch(Samples.Read(x.Cos()), [0.9689124217106447, 0.5403023058681398, -0.6536436208636119], 3e-7);
            Samples.ShouldMatch(Samples.Read(x.Tanh()), [0.24491866240370913, 0.7615941559557649, 0.999329299739067], 3e-7);
            Samples.ShouldMatch(Samples.Read(x.Sigmoid()), [0.5621765008857981, 0.7310585786300049, 0.9820137900379085], 3e-7);
            Samples.ShouldMatch(Samples.Read(x.Erf()), [0.2763263901682369, 0.8427007929497149, 0.9999999845827421], 3e-7);
        }
    }

    [Fact]
    public void AllClose_Tolerances_AreAbsolutePlusRelative()
    {
        Tensor x = Tensor.From(1, 100);
        x.AllClose(Tensor.From(1.01f, 101), relative: 0.011, absolute: 0).ShouldBeTrue();
        x.AllClose(Tensor.From(1.01f, 101), relative: 0.009, absolute: 0).ShouldBeFalse();
        x.AllClose(Tensor.From(1.5f, 100.5f), relative: 0, absolute: 0.5).ShouldBeTrue();
        x.AllClose(Tensor.From(1, 100, 1)).ShouldBeFalse();
        x.AllClose(x.To(Device.Reference)).ShouldBeTrue();
        Tensor.From(float.NaN).AllClose(Tensor.From(float.NaN)).ShouldBeFalse();
        Tensor.From(float.PositiveInfinity).AllClose(Tensor.From(float.PositiveInfinity)).ShouldBeTrue();
        Tensor.From(float.PositiveInfinity).AllClose(Tensor.From(float.MaxValue)).ShouldBeFalse();
        Tensor.From(1).AllClose(Tensor.From(float.PositiveInfinity)).ShouldBeFalse();
    }

    public static TheoryData<int[], int[], int[]> MatMulCases() => new()
    {
        { [2, 3], [3, 4], [2, 4] },
        { [3], [3, 4], [4] },
        { [2, 3], [3], [2] },
        { [3], [3], [] },
        { [5, 2, 3], [3, 4], [5, 2, 4] },
        { [2, 3], [5, 3, 4], [5, 2, 4] },
        { [6, 1, 2, 3], [5, 3, 4], [6, 5, 2, 4] },
        { [3], [5, 3, 4], [5, 4] },
        { [5, 2, 3], [3], [5, 2] },
        { [0, 2, 3], [3, 4], [0, 2, 4] },
        { [2, 0], [0, 4], [2, 4] },
    };

    [Theory, MemberData(nameof(MatMulCases))]
    public void MatMul_AnyRanks_MatchesEinsum(int[] shapeA, int[] shapeB, int[] expected)
    {
        string left = shapeA.Length == 1 ? "k" : "...ik", right = shapeB.Length == 1 ? "k" : "...kj";
        string output = (shapeA.Length > 2 || shapeB.Length > 2 ? "..." : "") + (shapeA.Length == 1 ? "" : "i") + (shapeB.Length == 1 ? "" : "j");
        if (!output.Contains("...", StringComparison.Ordinal)) (left, right) = (left.Replace("...", "", StringComparison.Ordinal), right.Replace("...", "", StringComparison.Ordinal));
        foreach (Device device in new[] { Device.Cpu, Device.Reference })
            foreach (Layout layout in Enum.GetValues<Layout>())
            {
                Tensor a = Samples.Make(1, layout, shapeA, device), b = Samples.Make(2, layout, shapeB, device);
                Tensor product = a.MatMul(b);
                product.Shape.ShouldBe(new Shape(expected));
                Samples.ShouldMatch(product, Ops.Einsum($"{left},{right}->{output}", a, b));
            }
    }

    [Fact]
    public void MatMul_SizesDoNotFit_SaysWhatItGot()
    {
        Should.Throw<ArgumentException>(() => Tensor.Ones(new Shape(2, 3)).MatMul(Tensor.Ones(new Shape(4, 5)))).Message
            .ShouldBe("MatMul: inner sizes differ, a [2, 3], b [4, 5]; need a[1] == b[0].");
        Should.Throw<ArgumentException>(() => Tensor.Ones(new Shape(2, 2, 3)).MatMul(Tensor.Ones(new Shape(3, 3, 5)))).Message.ShouldContain("do not broadcast");
        Should.Throw<ArgumentException>(() => Tensor.Ones(new Shape()).MatMul(Tensor.Ones(new Shape(3)))).Message.ShouldContain("one axis or more");
    }
}
