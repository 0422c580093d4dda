using System.CommandLine;
using System.CommandLine.Parsing;
using Heed.Cli.Learning;
using Heed.Training;

namespace Heed.Cli.Options;

/// <summary>The options that say how weights are moved, and how often a run is looked at and saved.</summary>
internal sealed class OptimizerOptions
{
    // A rate that begins at its peak can throw a fresh model off.
    private const long FewestWarmup = 50;
    private const string Fraction = "0 to 1", Above = "a number above 0", Count = "a whole number, 1 or more", OrNone = "a whole number, 0 (never) or more";
    private readonly Option<long?> _steps = ValueOption.Number<long>("--steps", "How many steps to make.", Count, value => value >= 1);
    private readonly Option<int?> _batch = ValueOption.Number<int>("--batch", "Rows in a batch.", Count, value => value >= 1);
    private readonly Option<int?> _accumulate = ValueOption.Number<int>("--accumulate", "Batches in a step, one after another.", Count, value => value >= 1);
    private readonly Option<double?> _rate = ValueOption.Number<double>("--lr", "The highest learning rate.", Above, value => value > 0);
    private readonly Option<double?> _minRate = ValueOption.Number<double>("--min-lr", "The lowest learning rate after the warm-up; a tenth of the highest if not given.", "0 or more", value => value >= 0);
    private readonly Option<long?> _warmup = ValueOption.Number<long>("--warmup", "The steps in which the rate rises.", "a whole number, 0 or more", value => value >= 0);
    private readonly Option<string?> _schedule = ValueOption.Text("--schedule", "How the rate goes on after the warm-up: cosine, linear or constant.", "NAME");
    private readonly Option<double?> _decay = ValueOption.Number<double>("--weight-decay", "AdamW's decay of matrices.", "0 or more", value => value >= 0);
    private readonly Option<float?> _beta1 = ValueOption.Number<float>("--beta1", "AdamW's memory of gradients; 0.9 if not given.", Fraction, value => value is >= 0 and < 1);
    private readonly Option<float?> _beta2 = ValueOption.Number<float>("--beta2", "AdamW's memory of squared gradients.", Fraction, value => value is >= 0 and < 1);
    private readonly Option<double?> _clip = ValueOption.Number<double>("--clip", "The greatest norm of all gradients together, 0 for any; 1 if not given.", "0 or more", value => value >= 0);
    private readonly Option<float?> _dropout = ValueOption.Number<float>("--dropout", "The rate of dropout; 0 if not given.", "0 or more, below 1", value => value is >= 0 and < 1);
    private readonly Option<ulong?> _seed = ValueOption.Number<ulong>("--seed", "First weights, order of the rows, dropout; 1 if not given. The same seed gives the same model.", "a whole number, 0 or more", _ => true);
    private readonly Option<long?> _validateEvery = ValueOption.Number<long>("--validate-every", "Steps between validations; 250 if not given, at most a tenth of all.", OrNone, value => value >= 0);
    private readonly Option<int?> _validationBatches = ValueOption.Number<int>("--validation-batches", "Batches that a validation looks at; 20 if not given.", Count, value => value >= 1);
    private readonly Option<long?> _checkpointEvery = ValueOption.Number<long>("--checkpoint-every", "Steps between checkpoints; 500 if not given, and after 5 minutes at the latest.", OrNone, value => value >= 0);
    private readonly Option<long?> _sampleEvery = ValueOption.Number<long>("--sample-every", "Steps between samples of text; as often as validations if not given.", OrNone, value => value >= 0);
    private readonly Option<bool> _bf16 = new("--bf16") { Description = "Keep the weights at bfloat16 precision, and write the model so: half the size." };
    private readonly Option<bool> _recompute = new("--recompute") { Description = "Compute activations again instead of keeping them: less memory, a third more time." };
    private readonly Option<double?> _peak = ValueOption.Number<double>("--peak-gflops", "The machine's peak for the utilisation (MFU), 0 to leave it out; measured if not given.", "0 or more", value => value >= 0);

    public OptimizerOptions()
    {
        _schedule.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !Enum.TryParse(token.Value, ignoreCase: true, out ScheduleKind kind) | !Enum.IsDefined(kind))
                result.AddError($"--schedule is '{token.Value}'; expected cosine, linear or constant.");
        });
    }

    public void AddTo(Command command)
    {
        Option[] all =
        [
            _steps, _batch, _accumulate, _rate, _minRate, _warmup, _schedule, _decay, _beta1, _beta2, _clip, _dropout, _seed,
            _validateEvery, _validationBatches, _checkpointEvery, _sampleEvery, _bf16, _recompute, _peak,
        ];
        foreach (Option option in all) command.Add(option);
    }

    public ulong Seed(ParseResult line) => line.GetValue(_seed) ?? 1;

    public int Batch(ParseResult line, TrainingRecipe recipe) => line.GetValue(_batch) ?? recipe.Batch;

    /// <summary>Rows in a step.</summary>
    public long RowsPerStep(ParseResult line, TrainingRecipe recipe) => (long)Batch(line, recipe) * (line.GetValue(_accumulate) ?? 1);

    public float? Dropout(ParseResult line) => line.GetValue(_dropout);

    public bool IsStepsGiven(CommandResult result) => result.GetResult(_steps) is { Implicit: false };

    /// <summary>The steps that the command line asks for, or null.</summary>
    public long? Steps(ParseResult line) => line.GetValue(_steps);

    /// <summary>The peak in operations per second as given; 0 for none, null for one that is to be measured.</summary>
    public double? PeakFlops(ParseResult line) => line.GetValue(_peak) is { } peak ? peak * 1e9 : null;

    /// <summary>All of it as the trainer takes it.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="recipe">What it does not say.</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="peakFlops">The machine's peak, or null.</param>
    public TrainingOptions Build(ParseResult line, TrainingRecipe recipe, long steps, double? peakFlops)
    {
        TrainingOptions plain = new();
        double rate = line.GetValue(_rate) ?? recipe.LearningRate;
        double ratio = line.GetValue(_minRate) is { } least ? least / rate : recipe.MinLearningRateRatio;
        if (ratio > 1) throw new CommandException($"--min-lr is {line.GetValue(_minRate)}, which is above --lr {rate}.", ExitCodes.Usage);
        long validateEvery = line.GetValue(_validateEvery) ?? Math.Clamp(steps / 10, 1, 250);
        return new TrainingOptions
        {
            Steps = steps,
            LearningRate = rate,
            MinLearningRateRatio = ratio,
            WarmupSteps = line.GetValue(_warmup) ?? Math.Max((long)(steps * recipe.WarmupPart), Math.Min(FewestWarmup, steps / 5)),
            Schedule = line.GetValue(_schedule) is { } name ? Enum.Parse<ScheduleKind>(name, ignoreCase: true) : ScheduleKind.Cosine,
            WeightDecay = line.GetValue(_decay) ?? recipe.WeightDecay,
            Beta1 = line.GetValue(_beta1) ?? plain.Beta1,
            Beta2 = line.GetValue(_beta2) ?? recipe.Beta2,
            ClipNorm = line.GetValue(_clip) ?? plain.ClipNorm,
            GradientAccumulation = line.GetValue(_accumulate) ?? 1,
            Seed = Seed(line),
            ValidateEvery = validateEvery,
            ValidationBatches = line.GetValue(_validationBatches) ?? plain.ValidationBatches,
            CheckpointEvery = line.GetValue(_checkpointEvery) ?? plain.CheckpointEvery,
            SampleEvery = line.GetValue(_sampleEvery) ?? validateEvery,
            Recompute = line.GetValue(_recompute),
            Bf16Weights = line.GetValue(_bf16),
            PeakFlops = peakFlops,
        };
    }

    /// <summary>The type that the model's matrices are written in.</summary>
    public WeightType StoredType(ParseResult line) => line.GetValue(_bf16) ? WeightType.BF16 : WeightType.F32;
}
