using Heed.Models;
using Heed.Models.Adapters;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models.Adapters;

/// <summary>Small models with adapters, and their gradients.</summary>
internal static class LoraModel
{
    /// <summary>A model that is small but has grouped heads, a gate and biases.</summary>
    public static ModelConfig Small { get; } = new()
    {
        HiddenSize = 32,
        IntermediateSize = 48,
        NumLayers = 2,
        NumHeads = 4,
        NumKvHeads = 2,
        VocabSize = 67,
        MaxSeqLen = 32,
        QkvBias = true,
    };

    public static int[] Tokens { get; } = [3, 17, 65, 0, 41, 41, 8, 60, 22];

    /// <summary>Random numbers for all that the model learns, as after some training.</summary>
    public static Transformer Filled(Transformer model, int seed = 5, double deviation = 0.2)
    {
        Random random = new(seed);
        foreach (Parameter parameter in model.Parameters) parameter.Value.Assign(Tensor.Normal(parameter.Value.Shape, random, 0, deviation, parameter.Value.Device));
        return model;
    }

    /// <summary>The loss of two rows, and the gradients of all parameters by their names.</summary>
    public static (double Loss, Dictionary<string, float[]> Gradients) Learn(Transformer model, int[] tokens, int[] targets, int batch = 1, ulong? dropoutSeed = null, bool recompute = false)
    {
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        double value;
        using (TensorScope scope = new())
        {
            using TensorScope.Lease lease = scope.Enter();
            using GradientTape tape = new();
            Tensor loss = model.Loss(tokens, targets, batch, dropoutSeed: dropoutSeed, recompute: recompute);
            value = loss.Item();
            tape.Backward(loss);
        }
        Dictionary<string, float[]> gradients = [];
        foreach (Parameter parameter in model.Parameters)
        {
            gradients.Add(parameter.Name, parameter.Value.Gradient?.ToArray() ?? []);
            parameter.Value.RequiresGradient = false;
        }
        return (value, gradients);
    }

    public static void ShouldAgree(Dictionary<string, float[]> got, Dictionary<string, float[]> expected, double tolerance)
    {
        got.Keys.Order().ShouldBe(expected.Keys.Order());
        foreach ((string name, float[] values) in expected) GoldenModel.Error(got[name], values).ShouldBeLessThan(tolerance, name);
    }
}
