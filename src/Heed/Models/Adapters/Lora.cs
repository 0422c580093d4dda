using Heed.Tensors;

namespace Heed.Models.Adapters;

/// <summary>What can be done to a model with LoRA adapters as a whole.</summary>
public static class Lora
{
    /// <summary>Whether any of the model's layers has adapters.</summary>
    public static bool IsIn(Transformer model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Parameters.Any(parameter => parameter.IsAdapter);
    }

    /// <summary>
    /// The same model without adapters: each matrix becomes W + (α/r)·B·A, dense and trainable, in memory of its own; a
    /// quantized base is dequantized. The logits are the same but for rounding.
    /// </summary>
    /// <param name="model">A model with adapters; one without is copied.</param>
    public static Transformer Merge(Transformer model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using GradientTape.Pause pause = GradientTape.NoGrad();
        return new Transformer(model.Config, new ModelWeights(model));
    }
}
