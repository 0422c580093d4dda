namespace Heed.Cli.Learning;

/// <summary>What a training takes where the command line does not say.</summary>
/// <param name="Batch">Rows in a batch.</param>
/// <param name="LearningRate">The highest learning rate.</param>
/// <param name="MinLearningRateRatio">The lowest after the warm-up, as a part of the highest.</param>
/// <param name="Steps">Steps, where epochs do not decide.</param>
/// <param name="WarmupPart">The part of all steps in which the rate rises.</param>
/// <param name="Beta2">AdamW's.</param>
/// <param name="WeightDecay">AdamW's.</param>
internal sealed record TrainingRecipe(int Batch, double LearningRate, double MinLearningRateRatio, long Steps, double WarmupPart, float Beta2, double WeightDecay)
{
    /// <summary>For a preset: the smaller the model, the higher the rate it takes.</summary>
    public static TrainingRecipe Of(string preset) => preset switch
    {
        "nano" or "gpt2-nano" => new(12, 1e-3, 0.1, 2000, 0.05, 0.99f, 0.1),
        "micro" => new(12, 1e-3, 0.1, 5000, 0.04, 0.99f, 0.1),
        "tiny" => new(16, 1e-3, 0.1, 10000, 0.03, 0.95f, 0.1),
        _ => new(8, 6e-4, 0.1, 20000, 0.02, 0.95f, 0.1),
    };

    /// <summary>For going on with a model that was trained before.</summary>
    public static TrainingRecipe Continuing { get; } = new(8, 3e-4, 0.1, 1000, 0.03, 0.95f, 0.1);

    /// <summary>For fine-tuning all weights, or adapters, whose products begin at 0 and take a higher rate.</summary>
    public static TrainingRecipe FineTuning(bool adapters) => new(8, adapters ? 1e-3 : 1e-4, 0.1, 0, 0.03, 0.95f, adapters ? 0 : 0.01);
}
