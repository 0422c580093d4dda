using Heed.Nn;
using Heed.Tensors;
using Heed.Training;

namespace Heed.Tests.Training;

public sealed class AdamWTests
{
    private static readonly TrainingOptions Options = new() { WeightDecay = 0.1 };

    [Fact]
    public void RowD4_ParametersOfOneAxis_DoNotDecay()
    {
        Tensor matrix = Tensor.Ones(new Shape(2, 3)), vector = Tensor.Ones(new Shape(3));
        AdamW optimizer = Optimizer(Options, matrix, vector);
        SetGradient(matrix, 0);
        SetGradient(vector, 0);
        optimizer.Update(0.5);
        matrix.ToArray().ShouldAllBe(value => value == 0.95f);
        vector.ToArray().ShouldAllBe(value => value == 1);
        new TrainingOptions().ShouldSatisfyAllConditions(
            defaults => defaults.LearningRate.ShouldBe(3e-4), defaults => defaults.WeightDecay.ShouldBe(0.1),
            defaults => defaults.Beta1.ShouldBe(0.9f), defaults => defaults.Beta2.ShouldBe(0.95f));
    }

    [Fact]
    public void Update_TwoSteps_MatchesTheFormulaInDouble()
    {
        Tensor x = Tensor.From(0.5f, -2);
        AdamW optimizer = Optimizer(Options, x);
        double[] p = [0.5, -2], m = [0, 0], v = [0, 0];
        for (int step = 1; step <= 3; step++)
        {
            SetGradient(x, step * 0.3);
            optimizer.Update(1e-2, gradientScale: 0.5);
            for (int i = 0; i < 2; i++)
            {
                double g = step * 0.3 * 0.5;
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.95 * v[i] + 0.05 * g * g;
                p[i] -= 1e-2 * (m[i] / (1 - Math.Pow(0.9, step))) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.95, step))) + 1e-8);
                x.ToArray()[i].ShouldBe((float)p[i], 1e-6f);
            }
        }
        optimizer.Step.ShouldBe(3);
        x.Gradient.ShouldBeNull("an update uses the gradient up");
    }

    [Fact]
    public void Update_ParameterWithoutGradient_StaysAsItIs()
    {
        Tensor touched = Tensor.Ones(new Shape(2, 2)), untouched = Tensor.Ones(new Shape(2, 2));
        AdamW optimizer = Optimizer(Options, touched, untouched);
        SetGradient(touched, 1);
        optimizer.Update(0.1);
        touched.ToArray()[0].ShouldBeLessThan(0.95f);
        untouched.ToArray().ShouldAllBe(value => value == 1);
    }

    [Fact]
    public void GradientNorm_OverSeveralTensors_IsThatOfAllTogether()
    {
        Tensor a = Tensor.Ones(new Shape(3)), b = Tensor.Ones(new Shape(1));
        AdamW optimizer = Optimizer(Options, a, b);
        SetGradient(a, 2);
        SetGradient(b, 2);
        optimizer.GradientNorm().ShouldBe(4);
        AdamW.ClipScale(4, 1).ShouldBe(1 / 4.000001);
        AdamW.ClipScale(0.5, 1).ShouldBe(1);
        AdamW.ClipScale(4, 0).ShouldBe(1, "0 is no clipping");
    }

    [Fact]
    public void Update_Bf16Weights_LeavesSixteenBits()
    {
        Tensor x = Tensor.Normal(new Shape(40, 3), new Random(1));
        AdamW optimizer = Optimizer(Options with { Bf16Weights = true }, x);
        SetGradient(x, 1);
        optimizer.Update(1e-3);
        x.ToArray().ShouldAllBe(value => (BitConverter.SingleToUInt32Bits(value) & 0xFFFF) == 0);
    }

    [Fact]
    public void Constructor_NothingToTrain_Throws() =>
        Should.Throw<ArgumentException>(() => new AdamW([], Options)).Message.ShouldContain("nothing to train");

    private static AdamW Optimizer(TrainingOptions options, params Tensor[] tensors)
    {
        foreach (Tensor tensor in tensors) tensor.RequiresGradient = true;
        return new AdamW([.. tensors.Select((tensor, i) => new Parameter($"p{i}", tensor))], options);
    }

    private static void SetGradient(Tensor tensor, double value)
    {
        using GradientTape tape = new();
        tape.Backward((tensor * (float)value).Sum());
    }
}
