using Heed.Tensors;

namespace Heed.Tests.Tensors;

/// <summary>Attention with modified scores: the CPU beside the reference, the reference beside finite differences.</summary>
public sealed class AttentionScoresTests
{
    private static readonly int[] Long = [1, 63, 64, 65, 130], Short = [1, 2, 5, 9];

    public static TheoryData<ScoreCase> Single =>
    [
        .. from queries in Long
           from keys in Long
           where queries != 1 || keys != 64
           select new ScoreCase(queries, keys, Heads: 2, Mask: "odd"),
        new(65, 130, Batch: 2, Heads: 4, KvHeads: 2, Bias: "full"),
        new(130, 65, Batch: 2, Heads: 4, KvHeads: 2, Bias: "keys", Causal: false),
        new(64, 64, Batch: 2, Heads: 4, KvHeads: 1, Bias: "heads"),
        new(63, 66, Batch: 2, Heads: 2, KvHeads: 2, Bias: "rows", Dim: 5, ValueDim: 33),
        new(65, 130, Batch: 2, Heads: 4, KvHeads: 2, Distances: true),
        new(1, 130, Batch: 2, Heads: 2, Distances: true, Dim: 3),
        new(130, 64, Heads: 2, Distances: true, Causal: false),
        new(65, 65, Batch: 2, Heads: 4, KvHeads: 2, Sinks: true),
        new(1, 1, Sinks: true),
        new(65, 130, Batch: 2, Heads: 4, KvHeads: 2, TopK: 9),
        new(130, 130, Heads: 2, KvHeads: 2, TopK: 1, Causal: false),
        new(70, 70, Mask: "heads", Heads: 3, KvHeads: 1, TopK: 3),
        new(130, 130, Mask: "rows", Batch: 2, Heads: 2, ValueDim: 20),
        new(66, 66, Rate: 0.3f, Mask: "heads", Heads: 2, Sinks: true),
    ];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 40)];

    public static TheoryData<int> FewSeeds => [.. Enumerable.Range(50, 12)];

    [Theory, MemberData(nameof(Single))]
    public void Attention_OneModification_MatchesReference(ScoreCase x) => Compare(x);

    [Theory, MemberData(nameof(Seeds))]
    public void Attention_AnyCombination_MatchesReference(int seed) => Compare(ScoreCase.Random(seed, Long));

    [Theory, MemberData(nameof(Seeds))]
    public void Attention_AnyCombination_MatchesFiniteDifferences(int seed)
    {
        ScoreCase x = ScoreCase.Random(seed, Short);
        x = x with { Dim = Math.Min(x.Dim, 3), ValueDim = Math.Min(x.ValueDim, 3), TopK = 0 };
        GradientCheck.Run(x.Run, 1e-6, x.Inputs(seed, Device.Cpu));
    }

    [Theory, InlineData(1), InlineData(3)]
    public void Attention_TopK_MatchesFiniteDifferences(int k)
    {
        // Scores far apart: a small step never changes the choice.
        ScoreCase x = new(6, 6, Heads: 2, Dim: 4, ValueDim: 3, TopK: k, Sinks: true, Bias: "full");
        Tensor[] inputs = x.Inputs(3, Device.Cpu);
        Span<float> bias = inputs[3].AsSpan();
        for (int i = 0; i < bias.Length; i++) bias[i] = i * 5 % 7 * 10;
        GradientCheck.Run(x.Run, 1e-6, inputs);
    }

    private static void Compare(ScoreCase x)
    {
        Tensor[] expected = Gradients(x, Device.Reference), got = Gradients(x, Device.Cpu);
        // Biases that repeat gather up to a few thousand slopes.
        for (int i = 0; i < got.Length; i++) Samples.ShouldMatch(got[i], expected[i], 3e-5, 3e-5);
    }

    /// <summary>The output and the gradient of every input.</summary>
    private static Tensor[] Gradients(ScoreCase x, Device device)
    {
        Tensor[] inputs = x.Inputs(11, device);
        foreach (Tensor input in inputs) input.RequiresGradient = true;
        using GradientTape tape = new();
        Tensor output = x.Run(inputs);
        tape.Backward(output, Samples.Make(5, [x.Batch, x.Queries, x.Heads, x.ValueDim], device));
        return [output, .. inputs.Select(input => input.Gradient!)];
    }

    [Theory, MemberData(nameof(FewSeeds))]
    public void AttentionWeights_AnyCombination_MatchReferenceAndMakeTheOutput(int seed)
    {
        ScoreCase x = ScoreCase.Random(seed, Long) with { Rate = 0 };
        (Tensor Rows, Tensor Sums, Tensor LogSumExp, Tensor Output)[] results = [.. new[] { Device.Reference, Device.Cpu }.Select(device => Weights(x, device))];
        Samples.ShouldMatch(results[1].Rows, results[0].Rows, 2e-5, 2e-6);
        Samples.ShouldMatch(results[1].Sums, results[0].Sums, 2e-5, 2e-5);
        Samples.ShouldMatch(results[1].LogSumExp, results[0].LogSumExp, 2e-6, 2e-6);

        // The weights' own sums: those of all rows of head 0, and what they make of the values.
        double[] rows = Samples.Read(results[0].Rows), sums = Samples.Read(results[0].Sums), values = Samples.Read(x.Inputs(11, Device.Reference)[2]);
        double[] outputs = Samples.Read(results[0].Output);
        for (int j = 0; j < x.Keys; j++) Enumerable.Range(0, x.Queries).Sum(i => rows[i * x.Keys + j]).ShouldBe(sums[j], 1e-9);
        for (int i = 0; i < x.Queries; i++)
            Enumerable.Range(0, x.Keys).Sum(j => rows[i * x.Keys + j] * values[j * x.KvHeads * x.ValueDim]).ShouldBe(outputs[i * x.Heads * x.ValueDim], 1e-9);
    }

    private static (Tensor Rows, Tensor Sums, Tensor LogSumExp, Tensor Output) Weights(ScoreCase x, Device device)
    {
        Tensor[] inputs = x.Inputs(11, device);
        AttentionModifiers modifiers = x.Modifiers(inputs) with { Choice = Tensor.Zeros(new Shape(2, x.Batch, x.Heads, x.Queries), device) };
        HeadRange q = new(inputs[0]), k = new(inputs[1]), v = new(inputs[2]);
        Tensor output = Tensor.Zeros(new Shape(x.Batch, x.Queries, x.Heads, x.ValueDim), device), lse = Tensor.Zeros(new Shape(x.Batch, x.Heads, x.Queries), device);
        device.Backend.Attention(q, k, v, x.Limits, [], x.Options, default, output, lse, modifiers);
        AttentionCall call = new(q, k, x.Limits, [], x.Options, modifiers);
        (int, int, int)[] places = [.. Enumerable.Range(0, x.Queries).Select(i => (0, 0, i)), (x.Batch - 1, x.Heads - 1, x.Queries / 2)];
        Tensor rows = Samples.Make(1, [places.Length, x.Keys], device), sums = Samples.Make(2, [x.Batch, x.Heads, x.Keys], device);
        device.Backend.AttentionWeights(call, lse, places, rows);
        device.Backend.AttentionWeightSums(call, lse, sums);
        return (rows, sums, lse, output);
    }

    [Fact]
    public void AttentionWithWeights_PublicCall_GivesOutputLogSumExpAndWeights()
    {
        Tensor q = Samples.Make(1, [2, 3, 4, 8], Device.Cpu), k = Samples.Make(2, [2, 5, 2, 8], Device.Cpu), v = Samples.Make(3, [2, 5, 2, 6], Device.Cpu);
        AttentionScores scores = new() { Sinks = Tensor.Zeros(new Shape(4)), TopK = 3, DistanceBias = DistanceBias.Alibi(4, 3, 5) };
        AttentionResult result = Ops.AttentionWithWeights(q, k, v, scores);
        Samples.Bits(result.Output).ShouldBe(Samples.Bits(Ops.Attention(q, k, v, scores)));
        result.LogSumExp.Shape.ShouldBe(new Shape(2, 4, 3));
        Tensor weights = result.Weights((1, 3, 2), (0, 0, 0));
        weights.Shape.ShouldBe(new Shape(2, 5));
        weights.ToArray().Count(weight => weight > 0).ShouldBe(6);
        float rest = MathF.Exp(-result.LogSumExp.ToArray()[(1 * 4 + 3) * 3 + 2]);
        weights.ToArray()[..5].Sum().ShouldBe(1 - rest, 1e-6f); // the sink's logit is 0
        result.WeightSums().Shape.ShouldBe(new Shape(2, 4, 5));
        Should.Throw<ArgumentException>(() => result.Weights((2, 0, 0))).Message.ShouldContain("batch row 2");
    }

    [Theory]
    [InlineData("4", "[4]")]
    [InlineData("2,1,1,5", "[2, 1, 1, 5]")]
    [InlineData("1,1,1,1,5", "[1, 1, 1, 1, 5]")]
    public void Attention_BiasThatDoesNotBroadcast_Throws(string sizes, string shown)
    {
        Tensor x = Samples.Make(1, [1, 5, 1, 4], Device.Cpu), bias = Tensor.Zeros(new Shape([.. sizes.Split(',').Select(int.Parse)]));
        Should.Throw<ArgumentException>(() => Ops.Attention(x, x, x, new AttentionScores { Bias = bias })).Message.ShouldContain(shown);
    }

    [Fact]
    public void Attention_OtherWrongArguments_Throw()
    {
        Tensor x = Samples.Make(1, [1, 5, 2, 4], Device.Cpu);
        Throws(new() { DistanceBias = Tensor.Zeros(new Shape(2, 10)) }, "[2, 10]");
        Throws(new() { DistanceBias = Tensor.Zeros(new Shape(3, 9)) }, "[3, 9]");
        Throws(new() { Sinks = Tensor.Zeros(new Shape(3)) }, "[3]");
        Throws(new() { TopK = -1 }, "top k of -1");
        Throws(new() { SoftCap = -1 }, "soft-cap of -1");
        foreach (float scale in new[] { float.NaN, float.PositiveInfinity }) Throws(new() { Scale = scale }, $"scale of {scale}; expected a number");
        Throws(new() { Dropout = 1 }, "dropout rate 1");

        void Throws(AttentionScores scores, string message) => Should.Throw<ArgumentException>(() => Ops.Attention(x, x, x, scores)).Message.ShouldContain(message);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("5,1")]
    [InlineData("2,1,5")]
    [InlineData("3,1,5,5")]
    [InlineData("1")]
    [InlineData("3,2,5,1")]
    public void Attention_BiasOfAnyBroadcastShape_HasTheGradientOfAddition(string sizes)
    {
        Shape shape = new([.. sizes.Split(',').Select(int.Parse)]), x = new(3, 5, 2, 3);
        GradientCheck.Run(t => Ops.Attention(t[0], t[1], t[2], new AttentionScores { Bias = t[3] }), x, x, x, shape);
    }

    [Fact]
    public void Attention_OnlyTheSinksWatched_GiveThemTheirGradient()
    {
        Tensor x = Samples.Make(1, [1, 5, 2, 4], Device.Cpu), sinks = Tensor.Zeros(new Shape(2));
        sinks.RequiresGradient = true;
        using GradientTape tape = new();
        tape.Backward(Ops.Attention(x, x, x, new AttentionScores { Sinks = sinks }).Sum());
        sinks.Gradient!.ToArray().ShouldAllBe(value => value != 0f);
    }
}
