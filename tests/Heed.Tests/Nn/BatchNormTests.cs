using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Nn;

public sealed class BatchNormTests
{
    [Theory]
    [InlineData("training")]
    [InlineData("training_batched")]
    public void Row23_Training_OutputAndGradients_MatchPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("batch_norm", name);
        FeedForwardGoldenTests.Check(golden, x => Of(golden, x, Zeros(x), Zeros(x) + 1).ForwardTraining(x[0]), "x", "weight", "bias");
    }

    [Theory]
    [InlineData("evaluation")]
    [InlineData("evaluation_batched")]
    public void Row23_Evaluation_OutputAndGradients_MatchPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("batch_norm", name);
        FeedForwardGoldenTests.Check(golden, x => Of(golden, x, x[3], x[4]).Forward(x[0]), "x", "weight", "bias", "running_mean", "running_variance");
    }

    [Theory]
    [InlineData("evaluation")]
    [InlineData("evaluation_batched")]
    public void Row23_RunningStatistics_AfterTwoSteps_MatchPyTorch(string name)
    {
        LayerGolden golden = LayerGolden.Read("batch_norm", name);
        BatchNorm norm = new(5, (float)golden.Number("eps")!.Value, (float)golden.Number("momentum")!.Value);
        for (int step = 0; step < 2; step++) norm.ForwardTraining(golden.Input("x", Device.Cpu));
        Samples.ShouldMatch(norm.RunningMean, golden.Input("running_mean", Device.Cpu), 1e-6, 1e-6);
        Samples.ShouldMatch(norm.RunningVariance, golden.Input("running_variance", Device.Cpu), 1e-6, 1e-6);
    }

    [Fact]
    public void ForwardTraining_EveryInput_MatchesFiniteDifferences() =>
        GradientCheck.Run(x => new BatchNorm(x[1], x[2], Zeros(x), Zeros(x) + 1, 1e-3f).ForwardTraining(x[0]), new Shape(2, 3, 4), new Shape(4), new Shape(4));

    [Fact]
    public void Forward_OfOneRow_DependsOnNothingElse()
    {
        Random random = new(3);
        BatchNorm norm = new(6);
        Tensor batch = Tensor.Normal(new Shape(4, 6), random, mean: 2);
        norm.ForwardTraining(batch);
        float[] all = norm.Forward(batch).ToArray(), one = norm.Forward(batch.Slice(0, 2, 1)).ToArray();
        one.ShouldBe(all[12..18]);
    }

    [Fact]
    public void ForwardTraining_InScopesThatEnd_KeepsItsStatistics()
    {
        BatchNorm norm = new(3);
        for (int step = 0; step < 5; step++)
        {
            using TensorScope.Lease lease = TensorScope.Begin();
            norm.ForwardTraining(Tensor.Normal(new Shape(8, 3), new Random(step), mean: 5));
        }
        norm.RunningMean.ToArray().ShouldAllBe(mean => mean > 1.5f && mean < 2.7f); // 5·(1 − 0.9⁵) = 2.05
    }

    [Fact]
    public void Parameters_AreGainAndShiftOnly() =>
        new BatchNorm(3).Parameters("n").Select(parameter => parameter.Name).ShouldBe(["n.weight", "n.bias"]);

    [Fact]
    public void Misuse_SaysWhatIsWrong()
    {
        Should.Throw<ArgumentException>(() => new BatchNorm(3).ForwardTraining(Tensor.Ones(new Shape(1, 3)))).Message.ShouldContain("got 1 rows");
        Should.Throw<ArgumentException>(() => new BatchNorm(3).Forward(Tensor.Ones(new Shape(2, 4)))).Message.ShouldContain("[…, 3]");
        Should.Throw<ArgumentException>(() => new BatchNorm(3, momentum: 0)).Message.ShouldContain("momentum is 0");
        Should.Throw<ArgumentException>(() => new BatchNorm(3, epsilon: float.NaN)).Message.ShouldContain("epsilon is NaN");
    }

    private static Tensor Zeros(Tensor[] x) => Tensor.Zeros(x[1].Shape, x[1].Device);

    private static BatchNorm Of(LayerGolden golden, Tensor[] x, Tensor mean, Tensor variance) =>
        new(x[1], x[2], mean, variance, (float)golden.Number("eps")!.Value, (float)golden.Number("momentum")!.Value);
}
