using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Every operation's gradient against finite differences in double, and the CPU's against the oracle's.</summary>
public sealed class OpGradientTests
{
    public static TheoryData<string, string> Shapes => new()
    {
        { "3,4", "3,4" }, { "3,4", "4" }, { "3,1,2", "4,1" }, { "1", "5" }, { "2,3", "" }, { "1,1", "1" }, { "0,3", "3" }, { "2,1,3", "1,4,1" },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Binary_BroadcastShapes_MatchesFiniteDifferences(string left, string right)
    {
        Shape a = Of(left), b = Of(right);
        GradientCheck.Run(x => x[0] + x[1], a, b);
        GradientCheck.Run(x => x[0] - x[1], a, b);
        GradientCheck.Run(x => x[0] * x[1], a, b);
        GradientCheck.Run(x => x[0] / x[1], 1e-4, GradientCheck.Random(new Random(1), a), GradientCheck.Random(new Random(2), b, 0.5));
        GradientCheck.Run(x => x[0].Maximum(x[1]), a, b);
        GradientCheck.Run(x => x[0].Minimum(x[1]), a, b);
    }

    [Fact]
    public void Power_PositiveBase_MatchesFiniteDifferences()
    {
        Tensor positive = GradientCheck.Random(new Random(3), new Shape(2, 3), 0.5).Abs(), exponent = GradientCheck.Random(new Random(4), new Shape(3));
        GradientCheck.Run(x => x[0].Pow(x[1]), 1e-5, positive, exponent);
        GradientCheck.Run(x => x[0].Pow(3), 1e-5, positive);
        GradientCheck.Run(x => x[0].Pow(2), 1e-5, positive);
        GradientCheck.Run(x => x[0].Pow(0), 1e-5, positive);
    }

    [Fact]
    public void Scalars_BothSides_MatchFiniteDifferences() => GradientCheck.Run(
        x => (x[0] + 2) * 3 - (1 - x[0]) / 4 + 2 * x[0] - (x[0] - 5) + 3 / (x[0] + 4) + x[0].Maximum(0.3) + x[0].Minimum(-0.2) + (5 + x[0]), new Shape(3, 5));

    [Theory]
    [InlineData("abs")]
    [InlineData("square")]
    [InlineData("reciprocal")]
    [InlineData("exp")]
    [InlineData("sin")]
    [InlineData("cos")]
    [InlineData("tanh")]
    [InlineData("sigmoid")]
    [InlineData("erf")]
    [InlineData("negate")]
    [InlineData("silu")]
    [InlineData("gelu-tanh")]
    [InlineData("gelu-erf")]
    [InlineData("relu")]
    public void Unary_OddShape_MatchesFiniteDifferences(string name)
    {
        Func<Tensor, Tensor> function = Function(name);
        GradientCheck.Run(x => function(x[0]), 1e-4, GradientCheck.Random(new Random(5), new Shape(3, 7)));
        GradientCheck.Run(x => function(x[0].Transpose(0, 1)), 1e-4, GradientCheck.Random(new Random(6), new Shape(5, 3)));
        GradientCheck.Run(x => function(x[0]), 1e-4, GradientCheck.Random(new Random(6), new Shape(0, 3)));
    }

    [Fact]
    public void Roots_PositiveArguments_MatchFiniteDifferences()
    {
        Tensor positive = GradientCheck.Random(new Random(3), new Shape(2, 3), 0.5).Abs();
        GradientCheck.Run(x => x[0].Sqrt() + x[0].Rsqrt() * 2 + x[0].Log() * 3, 1e-5, positive);
    }

    [Fact]
    public void Views_OfEveryKind_MatchFiniteDifferences()
    {
        Shape shape = new(3, 4, 5);
        GradientCheck.Run(x => x[0].Reshape(4, 15) * 1, shape);
        GradientCheck.Run(x => x[0].Permute(2, 0, 1).Reshape(15, 4), shape);
        GradientCheck.Run(x => x[0].Transpose(0, 2) * x[1], shape, new Shape(5, 4, 3));
        GradientCheck.Run(x => x[0].Slice(1, 1, 2) + x[0].Slice(1, 0, 2), shape);
        GradientCheck.Run(x => x[0].Every(2, 2) * x[0].Slice(2, 0, 3), shape);
        GradientCheck.Run(x => x[0].Select(1, 2) * x[0].Select(1, 0), shape);
        GradientCheck.Run(x => x[0].Unsqueeze(1).BroadcastTo(new Shape(3, 2, 4, 5)) * x[1], shape, new Shape(2, 1, 1));
        GradientCheck.Run(x => x[0].Unfold(1, 3) * 2, shape);
        GradientCheck.Run(x => x[0].Unfold(2, 2, 2).Square(), shape);
        GradientCheck.Run(x => x[0].Transpose(0, 1).Clone() + x[0].Transpose(0, 1).Contiguous(), shape);
        GradientCheck.Run(x => x[0].Diagonal(0, 1).Square(), new Shape(3, 3, 2));
        GradientCheck.Run(x => x[0].Slice(0, 0, 0), shape);
    }

    [Fact]
    public void Reduce_AllKinds_MatchesFiniteDifferences()
    {
        Shape shape = new(3, 4, 2);
        GradientCheck.Run(x => x[0].Sum(), shape);
        GradientCheck.Run(x => x[0].Sum([0, 2]) + x[0].Mean([0, 2], keepDims: true), shape);
        GradientCheck.Run(x => x[0].Transpose(0, 1).Mean(1), shape);
        GradientCheck.Run(x => x[0].Max(1), shape);
        GradientCheck.Run(x => x[0].Min([0, 2]), shape);
        GradientCheck.Run(x => x[0].Sum(0), new Shape(0, 3));
        GradientCheck.Run(x => Ops.CumSum(x[0], 1).Square(), shape);
    }

    [Fact]
    public void Max_EqualElements_ShareTheGradient()
    {
        Tensor x = Tensor.From(2, 1, 2);
        x.RequiresGradient = true;
        using GradientTape tape = new();
        tape.Backward(x.Max());
        x.Gradient!.ToArray().ShouldBe([0.5f, 0, 0.5f]);
    }

    [Theory]
    [InlineData("3,4", "4,2")]
    [InlineData("2,3,4", "4,5")]
    [InlineData("4", "4,2")]
    [InlineData("3,4", "4")]
    [InlineData("4", "4")]
    [InlineData("2,1,3,4", "5,4,1")]
    [InlineData("1,1", "1,1")]
    [InlineData("2,0", "0,3")]
    public void MatMul_BroadcastBatches_MatchesFiniteDifferences(string left, string right) =>
        GradientCheck.Run(x => x[0].MatMul(x[1]), Of(left), Of(right));

    [Fact]
    public void MatMul_StridedOperands_MatchesFiniteDifferences() =>
        GradientCheck.Run(x => x[0].Transpose(0, 1).MatMul(x[1].Every(0, 2)), new Shape(3, 5), new Shape(6, 2));

    [Theory]
    [InlineData("ij,jk->ik", "2,3", "3,4")]
    [InlineData("bhqd,bhkd->bhqk", "2,2,3,4", "2,2,5,4")]
    [InlineData("ii->i", "3,3", null)]
    [InlineData("iij->j", "3,3,2", null)]
    [InlineData("ij->ji", "2,3", null)]
    [InlineData("ij,ij->", "2,3", "2,3")]
    [InlineData("i,j->ij", "2", "3")]
    [InlineData("...d,d->...", "2,3,4", "4")]
    [InlineData("ab,bc->", "2,1", "3,2")]
    public void Einsum_Equations_MatchFiniteDifferences(string equation, string left, string? right)
    {
        if (right is null) GradientCheck.Run(x => Ops.Einsum(equation, x[0]), Of(left));
        else GradientCheck.Run(x => Ops.Einsum(equation, x[0], x[1]), Of(left), Of(right));
    }

    [Fact]
    public void Einsum_ThreeOperands_MatchesFiniteDifferences() =>
        GradientCheck.Run(x => Ops.Einsum("ab,bc,cd->ad", x[0], x[1], x[2]), new Shape(2, 3), new Shape(3, 2), new Shape(2, 4));

    [Fact]
    public void Moves_OfEveryKind_MatchFiniteDifferences()
    {
        int[] along = [1, 0, 2, 2, 1, 0];
        GradientCheck.Run(x => Ops.Concat(1, x[0], x[1], x[0]), new Shape(2, 3), new Shape(2, 1));
        GradientCheck.Run(x => Ops.Stack(1, x[0], x[1]), new Shape(2, 3), new Shape(2, 3));
        GradientCheck.Run(x => Ops.Gather(x[0], [2, 0, 2]), new Shape(3, 4));
        GradientCheck.Run(x => Ops.Gather(x[0], []), new Shape(3, 4));
        GradientCheck.Run(x => Ops.GatherAlong(x[0], 1, along, new Shape(2, 3)), new Shape(2, 3));
        GradientCheck.Run(x => Ops.Scatter(x[0], 1, along, x[1]), new Shape(2, 3), new Shape(2, 3));
        GradientCheck.Run(x => Ops.Scatter(x[0], 1, along, x[1], accumulate: true), new Shape(2, 3), new Shape(2, 3));
        GradientCheck.Run(x => Ops.Sort(x[0], descending: true).Values, new Shape(3, 4));
        GradientCheck.Run(x => Ops.TopK(x[0], 2).Values, new Shape(3, 4));
        GradientCheck.Run(x => Ops.Where(Tensor.From([1, 0, 1], new Shape(3), x[0].Device), x[0], x[1]), new Shape(2, 3), new Shape(2, 1));
        GradientCheck.Run(x => Ops.MaskFill(x[0], Tensor.From([1, 0, 0], new Shape(3), x[0].Device), 7), new Shape(2, 3));
        GradientCheck.Run(x => Ops.Triu(x[0], 1) + Ops.Tril(x[0], -1, 5), new Shape(2, 3, 4));
    }

    [Fact]
    public void Layers_OddShapes_MatchFiniteDifferences()
    {
        GradientCheck.Run(x => Ops.Linear(x[0], x[1], x[2]), new Shape(2, 3, 5), new Shape(4, 5), new Shape(4));
        GradientCheck.Run(x => Ops.Linear(x[0].Transpose(0, 1), x[1]), new Shape(5, 3), new Shape(2, 5));
        GradientCheck.Run(x => Ops.Softmax(x[0]), new Shape(3, 5));
        GradientCheck.Run(x => Ops.RmsNorm(x[0], x[1], 1e-5f), new Shape(3, 5), new Shape(5));
        GradientCheck.Run(x => Ops.RmsNorm(x[0].Transpose(0, 1), x[1], 1e-5f), new Shape(5, 3), new Shape(5));
        GradientCheck.Run(x => Ops.LayerNorm(x[0], x[1], x[2], 1e-5f), new Shape(3, 5), new Shape(5), new Shape(5));
        GradientCheck.Run(x => Ops.LayerNorm(x[0], x[1], null, 1e-5f), new Shape(2, 7), new Shape(7));
        GradientCheck.Run(x => Ops.Gated(x[0], Activation.Silu), new Shape(3, 6));
        GradientCheck.Run(x => Ops.Gated(x[0], Activation.GeluTanh), new Shape(3, 6));
        GradientCheck.Run(x => Ops.Gated(x[0], Activation.Sigmoid), new Shape(3, 6));
        GradientCheck.Run(x => Ops.Gated(x[0], Activation.Swish, 1.7f), new Shape(3, 6));
        GradientCheck.Run(x => Ops.Activate(x[0], Activation.Swish, 1.7f), new Shape(3, 6));
        GradientCheck.Run(x => Ops.Activate(x[0].Transpose(0, 1), Activation.Swish, -0.4f), new Shape(3, 6));
        GradientCheck.Run(x => Ops.SoftCap(x[0], 0.7f), new Shape(3, 6));
        GradientCheck.Run(x => Ops.Dropout(x[0], 0.4f, 9), new Shape(3, 6));
        GradientCheck.Run(x => Ops.CrossEntropy(x[0], [1, -100, 4]), new Shape(3, 5));
        GradientCheck.Run(x => Ops.CrossEntropy(x[0] * 2, [1, 0, 4]) * 3, new Shape(3, 5));
        GradientCheck.Run(x => Ops.LinearCrossEntropy(x[0], x[1], x[2], [1, -100, 3], softCap: 2) * 2, new Shape(3, 5), new Shape(4, 5), new Shape(4));
        GradientCheck.Run(x => Ops.LinearCrossEntropy(x[0], x[1], null, [-100, -100, -100]), new Shape(3, 5), new Shape(4, 5));
        GradientCheck.Run(x => Ops.Recompute(x[0], h => Ops.Linear(h, x[1]).Tanh()) + x[0].Sum(), new Shape(3, 5), new Shape(5, 5));
    }

    [Fact]
    public void Attention_SeparateSharedAndFusedInputs_MatchFiniteDifferences()
    {
        AttentionOptions options = new(0.5f), capped = new(0.5f, SoftCap: 2, Window: 3);
        Shape q = new(2, 3, 4, 3), kv = new(2, 5, 2, 3), x = new(1, 4, 2, 3);
        GradientCheck.Run(t => Ops.Attention(t[0], t[1], t[2], options), q, kv, new Shape(2, 5, 2, 2));
        GradientCheck.Run(t => Ops.Attention(t[0], t[1], t[2], capped, causal: false, firstKeys: [1, 0]), q, kv, kv);
        GradientCheck.Run(t => Ops.Attention(t[0], t[1], t[1], options), q, kv);
        GradientCheck.Run(t => Ops.Attention(t[0], t[0], t[0], options), x);
        GradientCheck.Run(t => Ops.Attention(t[0], t[1], t[0], options), x, x);
        GradientCheck.Run(t => Ops.Attention(t[0], t[0], t[1], options, firstKeys: [0, 0, 2, 2]), x, x);
        GradientCheck.Run(t => Ops.Attention(t[0], t[1], t[2], options, dropout: 0.3f, seed: 5), q, kv, kv);
        GradientCheck.Run(t => Ops.Attention(t[0].Slice(2, 0, 1), t[0].Slice(2, 1, 1), t[0].Slice(2, 1, 1), options), x);
    }

    [Fact]
    public void Rope_BothLayouts_MatchesFiniteDifferences()
    {
        Random random = new(1);
        Tensor cos = GradientCheck.Random(random, new Shape(6, 2)), sin = GradientCheck.Random(random, new Shape(6, 2));
        foreach (RopeLayout layout in new[] { RopeLayout.Interleaved, RopeLayout.HalfSplit })
            GradientCheck.Run(t => Ops.Rope(t[0], cos.To(t[0].Device), sin.To(t[0].Device), [4, -1, 2], layout).Square(), new Shape(1, 3, 2, 5));
    }

    private static Shape Of(string sizes) => new([.. sizes.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)]);

    private static Func<Tensor, Tensor> Function(string name) => name switch
    {
        "abs" => x => x.Abs(),
        "square" => x => x.Square(),
        "reciprocal" => x => x.Reciprocal(),
        "exp" => x => x.Exp(),
        "sin" => x => x.Sin(),
        "cos" => x => x.Cos(),
        "tanh" => x => x.Tanh(),
        "sigmoid" => x => x.Sigmoid(),
        "erf" => x => x.Erf(),
        "negate" => x => -x,
        "silu" => x => Ops.Activate(x, Activation.Silu),
        "gelu-tanh" => x => Ops.Activate(x, Activation.GeluTanh),
        "gelu-erf" => x => Ops.Activate(x, Activation.GeluErf),
        _ => x => Ops.Activate(x, Activation.Relu),
    };
}
