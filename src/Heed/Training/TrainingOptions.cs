using System.Globalization;

namespace Heed.Training;

/// <summary>How a <see cref="Trainer"/> trains.</summary>
public sealed record TrainingOptions
{
    /// <summary>The number of optimizer steps.</summary>
    public long Steps { get; init; } = 1000;

    /// <summary>The highest learning rate.</summary>
    public double LearningRate { get; init; } = 3e-4;

    /// <summary>The lowest rate after the warm-up, as a fraction of the highest.</summary>
    public double MinLearningRateRatio { get; init; } = 0.1;

    /// <summary>The number of steps in which the rate rises to its peak.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>How the rate goes on after the warm-up.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>AdamW's decay, of parameters with two axes or more.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>What AdamW keeps of its mean of gradients.</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>What AdamW keeps of its mean of squared gradients.</summary>
    public float Beta2 { get; init; } = 0.95f;

    /// <summary>AdamW's ε, outside the root.</summary>
    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>The greatest norm of all gradients together; 0 for no clipping.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>How many batches make one step.</summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>Decides dropout and bfloat16's rounding; a model's first weights and the order of the data have seeds of their own.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>A validation after every so many steps and after the last; 0 for none.</summary>
    public long ValidateEvery { get; init; } = 250;

    /// <summary>How many batches a validation looks at: always the same, from the first; all there are if those are fewer.</summary>
    public int ValidationBatches { get; init; } = 20;

    /// <summary>A checkpoint after every so many steps; 0 for none but the last.</summary>
    public long CheckpointEvery { get; init; } = 500;

    /// <summary>A checkpoint also where the last is older than so many seconds; null for no such rule.</summary>
    public double? CheckpointEverySeconds { get; init; } = 300;

    /// <summary>A sample of text after every so many steps and after the last; 0 for none.</summary>
    public long SampleEvery { get; init; }

    /// <summary>Whether the backward pass computes every block again instead of keeping its activations.</summary>
    public bool Recompute { get; init; }

    /// <summary>Whether weights are kept at bfloat16 precision, rounded at random so that the mean stays.</summary>
    public bool Bf16Weights { get; init; }

    /// <summary>Whether ranks that share batches share out AdamW's moments too, each keeping 1/n of them (ZeRO's first stage, Rajbhandari et al. 2019, arXiv 1910.02054); the results are the same.</summary>
    public bool ShardOptimizer { get; init; }

    /// <summary>
    /// Into how many parts, a power of two, each batch is cut, whose gradients are computed one by one and added up in one fixed tree: the results then have
    /// the same bits on any number of ranks that share a batch and divide it. 0 leaves the order of sums to the number of ranks.
    /// </summary>
    public int DeterministicParts { get; init; }

    /// <summary>Whether ranks add up gradients while the backward pass still runs; the results are the same.</summary>
    public bool OverlapGradients { get; init; } = true;

    /// <summary>How many bytes of gradients travel together, at least; the results are the same.</summary>
    public long BucketBytes { get; init; } = 25_000_000;

    /// <summary>The machine's peak in floating-point operations per second, for <see cref="TrainingStep.Mfu"/>; null for unknown.</summary>
    public double? PeakFlops { get; init; }

    /// <summary>The learning rate of every step.</summary>
    public LearningRateSchedule LearningRates() => new(Schedule, LearningRate, Steps, WarmupSteps, MinLearningRateRatio);

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
    public TrainingOptions Validate()
    {
        Check(Steps >= 1, nameof(Steps), Steps, "1 or more");
        Check(LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "a number above 0");
        Check(MinLearningRateRatio is >= 0 and <= 1, nameof(MinLearningRateRatio), MinLearningRateRatio, "0 to 1");
        Check(WarmupSteps >= 0, nameof(WarmupSteps), WarmupSteps, "0 or more");
        Check(Enum.IsDefined(Schedule), nameof(Schedule), (double)Schedule, "a known schedule");
        Check(WeightDecay >= 0 && double.IsFinite(WeightDecay), nameof(WeightDecay), WeightDecay, "0 or more");
        Check(Beta1 is >= 0 and < 1, nameof(Beta1), Beta1, "0 or more, below 1");
        Check(Beta2 is >= 0 and < 1, nameof(Beta2), Beta2, "0 or more, below 1");
        Check(Epsilon > 0 && float.IsFinite(Epsilon), nameof(Epsilon), Epsilon, "a number above 0");
        Check(ClipNorm >= 0, nameof(ClipNorm), ClipNorm, "0 (none) or more");
        Check(GradientAccumulation >= 1, nameof(GradientAccumulation), GradientAccumulation, "1 or more");
        Check(ValidateEvery >= 0, nameof(ValidateEvery), ValidateEvery, "0 (never) or more");
        Check(ValidationBatches >= 1, nameof(ValidationBatches), ValidationBatches, "1 or more");
        Check(CheckpointEvery >= 0, nameof(CheckpointEvery), CheckpointEvery, "0 (never) or more");
        Check(CheckpointEverySeconds is null or >= 0, nameof(CheckpointEverySeconds), CheckpointEverySeconds ?? 0, "0 or more, or null");
        Check(SampleEvery >= 0, nameof(SampleEvery), SampleEvery, "0 (never) or more");
        Check(DeterministicParts >= 0 && (DeterministicParts & (DeterministicParts - 1)) == 0, nameof(DeterministicParts), DeterministicParts, "0 (off) or a power of two");
        Check(BucketBytes is >= 1 and <= 1L << 32, nameof(BucketBytes), BucketBytes, "1 to 2^32");
        Check(PeakFlops is null or > 0, nameof(PeakFlops), PeakFlops ?? 0, "a number above 0, or null");
        return this;
    }

    /// <summary>What decides the result to the last bit: a checkpoint is continued under the same.</summary>
    internal SortedDictionary<string, string> Settings()
    {
        SortedDictionary<string, string> settings = PlainSettings();
        if (DeterministicParts > 0) settings[nameof(DeterministicParts)] = Text(DeterministicParts);
        return settings;
    }

    private SortedDictionary<string, string> PlainSettings() => new(StringComparer.Ordinal)
    {
        [nameof(Steps)] = Text(Steps),
        [nameof(LearningRate)] = Text(LearningRate),
        [nameof(MinLearningRateRatio)] = Text(MinLearningRateRatio),
        [nameof(WarmupSteps)] = Text(WarmupSteps),
        [nameof(Schedule)] = Schedule.ToString(),
        [nameof(WeightDecay)] = Text(WeightDecay),
        [nameof(Beta1)] = Text(Beta1),
        [nameof(Beta2)] = Text(Beta2),
        [nameof(Epsilon)] = Text(Epsilon),
        [nameof(ClipNorm)] = Text(ClipNorm),
        [nameof(GradientAccumulation)] = Text(GradientAccumulation),
        [nameof(Seed)] = Text(Seed),
        [nameof(Bf16Weights)] = Bf16Weights.ToString(),
    };

    private static string Text<T>(T value) where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    private static void Check(bool fits, string name, double value, string expected)
    {
        if (!fits) throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"TrainingOptions: {name} is {value}; expected {expected}."));
    }
}
