using Heed.Cli.Learning;
using Heed.Cli.Options;
using Heed.Models;
using Heed.Tensors;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Cli.Measuring;

/// <summary>A training from fresh weights that is made to be measured: nothing of it is saved.</summary>
internal sealed record MeasuredTraining
{
    public required ModelConfig Config { get; init; }

    public required ComparedText Text { get; init; }

    /// <summary>What is learned, and measured: the next token, or tokens that are hidden.</summary>
    public Objective Objective { get; init; }

    public required int Batch { get; init; }

    public required int SeqLen { get; init; }

    public required long Steps { get; init; }

    public required double LearningRate { get; init; }

    public required float Beta2 { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Null for all cores.</summary>
    public int? Threads { get; init; }

    /// <summary>The most batches of held-out text that are looked at.</summary>
    public int EvaluationBatches { get; init; } = 20;

    /// <summary>Whether rows of twice the length are tried as well; the model's MaxSeqLen has to be that.</summary>
    public bool WithLongRows { get; init; }

    /// <param name="objective">What is to be learned.</param>
    /// <param name="config">The model.</param>
    /// <param name="name">What an error begins with.</param>
    /// <exception cref="CommandException">The model is not of the kind that learns this.</exception>
    public static void Check(Objective objective, ModelConfig config, string name)
    {
        if (config.Encoder is not null) throw new CommandException($"{name}: Encoder is set, which reads a source; expected a model that reads one text.");
        if (objective == Objective.Causal && config.Bidirectional)
            throw new CommandException($"{name}: Bidirectional is true, so that the model sees the next token, which it is to learn; expected false.");
        if (objective == Objective.Masked && !config.Bidirectional)
            throw new CommandException($"{name}: Bidirectional is false; expected true: --objective masked is for models that see both ways.");
    }

    /// <exception cref="TrainingDivergedException">The loss is no longer a number.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<TrainingOutcome> RunAsync(IProgress<TrainingStep>? progress, CancellationToken cancellation)
    {
        using Device? own = Threads is { } threads ? Device.CreateCpu(threads) : null;
        Transformer model = new(Config, new RandomWeights((int)(Seed % int.MaxValue), Config.NumLayers, own ?? Device.Cpu));
        TrainingOptions options = new() { Steps = Steps, LearningRate = LearningRate, WarmupSteps = Math.Max(1, Steps / 20), Beta2 = Beta2, Seed = Seed, ValidateEvery = 0 };
        Trainer trainer = new(model, Hide(new RandomBatches(Text.Train, Batch, SeqLen, Seed), Seed), options);
        List<double> losses = [];
        TimeSpan elapsed = default;
        await foreach (TrainingStep step in trainer.RunAsync(cancellation))
        {
            losses.Add(step.Loss);
            elapsed = step.Elapsed;
            progress?.Report(step);
        }
        return new TrainingOutcome
        {
            Losses = losses,
            ValidationLoss = Evaluate(model, SeqLen, cancellation),
            LongLoss = WithLongRows && Text.Validation.TokenCount > 2 * SeqLen ? Evaluate(model, 2 * SeqLen, cancellation) : null,
            Elapsed = elapsed,
            StepBytes = trainer.StepBytes,
        };
    }

    private IBatchSource Hide(IBatchSource source, ulong seed) => Objective == Objective.Masked ? ObjectiveOptions.Masked(source, Text.Tokenizer, seed) : source;

    private double Evaluate(Transformer model, int seqLen, CancellationToken cancellation)
    {
        // Always the same tokens are hidden, whatever the training's seed.
        IBatchSource batches = Hide(new WindowBatches(Text.Validation, Batch, seqLen, shuffleSeed: null), seed: 0);
        return Evaluation.Measure(model, batches, Math.Min(EvaluationBatches, 1 + ((batches.RowsPerEpoch - 1) / Batch)), cancellation).Loss;
    }
}
