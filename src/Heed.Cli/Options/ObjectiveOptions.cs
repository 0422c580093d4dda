using System.CommandLine;
using System.Globalization;
using Heed.Cli.Learning;
using Heed.Models;
using Heed.Tokenizers;
using Heed.Training.Data;

namespace Heed.Cli.Options;

/// <summary>The options that say what a model learns: the next token, those that are hidden from it, spans that are taken out, or a text for another.</summary>
internal sealed class ObjectiveOptions
{
    public const string MaskToken = "<mask>";

    /// <summary>In shorter rows there is nothing to take out of a text and leave something of it.</summary>
    public const int FewestSpanTokens = 3;
    private const double Share = 0.15, SpanLength = 3;
    private const int SentinelCount = 100;
    private const string ShareIsFor = "--mask-share goes with --objective masked and spans only.", LengthIsFor = "--span-length goes with --objective spans only.";
    private readonly Option<string?> _objective = ValueOption.Text("--objective", "What is learned: causal (the next token), masked (tokens that are hidden, by a model that sees both ways), spans or pairs (by an encoder and a decoder: what is taken out of a text, or the target of each line's source); causal if not given.", "NAME");
    private readonly Option<double?> _share = ValueOption.Number<double>("--mask-share", "For the objectives masked and spans: the share of tokens that are to be found; 0.15 if not given.", "a number above 0, at most 1", value => value is > 0 and <= 1);
    private readonly Option<double?> _length = ValueOption.Number<double>("--span-length", "For the objective spans: how many tokens a gap has in the mean; 3 if not given.", "a number, 1 or more", value => value is >= 1 and <= 1 << 20);

    /// <summary>The tokens that stand for gaps, for tokenizers that are made here.</summary>
    public static IReadOnlyList<string> Sentinels { get; } = SentinelsOf(SentinelCount);

    /// <summary>So many tokens that stand for gaps.</summary>
    public static IReadOnlyList<string> SentinelsOf(int count) => [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"<extra_id_{i}>"))];

    public void AddTo(Command command)
    {
        command.Add(_objective);
        AddShapesTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_objective) is not { } name) return;
            if (!Named(name, out Objective objective)) result.AddError($"--objective is '{name}'; expected causal, masked, spans or pairs.");
            else if (Misplaced(result, objective) is { } problem) result.AddError(problem);
        });
    }

    /// <summary>Only what tells how an objective hides, for commands that take the objective from the model.</summary>
    public void AddShapesTo(Command command)
    {
        command.Add(_share);
        command.Add(_length);
    }

    /// <summary>What is learned: what the command line says, else what fits a model that may have been trained before, and its files.</summary>
    /// <exception cref="CommandException">The model is not of the kind that learns this.</exception>
    public Objective Of(ParseResult line, ModelConfig config, IReadOnlyList<string> files)
    {
        Objective objective = line.GetValue(_objective) is { } name && Named(name, out Objective given) ? given : ObjectiveOf(config, files);
        if (objective != Objective.Masked && config.Bidirectional)
            throw new CommandException($"--objective {NameOf(objective)}: the model sees both ways, the next token included; take --objective masked, or a model with Bidirectional=false.");
        if (objective is Objective.Causal or Objective.Masked && config.Encoder is not null)
            throw new CommandException($"--objective {NameOf(objective)}: the model has an encoder, which reads a source; take --objective spans or pairs.");
        CheckShapes(line, objective);
        return objective;
    }

    /// <summary>What fits a model and files.</summary>
    public static Objective ObjectiveOf(ModelConfig config, IReadOnlyList<string> files) => config.Bidirectional ? Objective.Masked
        : config.Encoder is null ? Objective.Causal
        : files.All(PairFile.IsPairs) ? Objective.Pairs
        : Objective.Spans;

    /// <exception cref="CommandException">An option is given that the objective has no use for.</exception>
    public void CheckShapes(ParseResult line, Objective objective)
    {
        if (Misplaced(line.CommandResult, objective) is { } problem) throw new CommandException(problem);
    }

    /// <summary>A source's batches with tokens hidden, or spans taken out.</summary>
    public IBatchSource Apply(Objective objective, ParseResult line, IBatchSource source, Tokenizer tokenizer, ulong seed) => objective switch
    {
        Objective.Masked => Masked(source, tokenizer, seed, ShareOf(line)),
        Objective.Spans => new SpanBatches(source, SpanOptions.Of(tokenizer) with { Share = ShareOf(line), MeanLength = line.GetValue(_length) ?? SpanLength, Seed = seed }),
        _ => source,
    };

    /// <summary>A source's batches with a share of the tokens hidden.</summary>
    public static MaskedBatches Masked(IBatchSource source, Tokenizer tokenizer, ulong seed, double share = Share) => new(source, new MaskingOptions
    {
        MaskToken = tokenizer.MaskId!.Value,
        Share = share,
        SpecialTokens = [.. Enumerable.Range(0, tokenizer.VocabSize).Where(tokenizer.IsSpecial)],
        Seed = seed,
    });

    /// <summary>What is learned, for people to read; null where that is the next token.</summary>
    public string? Describe(Objective objective, ParseResult line) => objective switch
    {
        Objective.Masked => string.Create(CultureInfo.InvariantCulture, $"objective: {100 * ShareOf(line):0.##} % of the tokens are to be found, by what stands before and after them."),
        Objective.Spans => string.Create(CultureInfo.InvariantCulture, $"objective: {100 * ShareOf(line):0.##} % of the tokens are taken out in spans of {line.GetValue(_length) ?? SpanLength:0.##} and are to be written by the decoder."),
        Objective.Pairs => "objective: the decoder is to write each pair's target, by its source.",
        _ => null,
    };

    /// <summary>The special tokens that a new vocabulary needs for an objective, beside the end of texts.</summary>
    public static IReadOnlyList<string> SpecialsOf(Objective objective) => objective switch
    {
        Objective.Masked => [MaskToken],
        Objective.Spans => Sentinels,
        _ => [],
    };

    /// <exception cref="CommandException">The tokenizer lacks a token that the objective needs.</exception>
    public static void CheckTokenizer(Objective objective, Tokenizer tokenizer)
    {
        if (objective == Objective.Masked && tokenizer.MaskId is null)
            throw new CommandException($"--objective masked: the tokenizer has no mask token (<mask> or [MASK]); learn one with it: heed tokenizer train TEXT --special \"{MaskToken}\" --out DIR.");
        if (objective == Objective.Spans && tokenizer.SentinelIds.Count < 2)
            throw new CommandException($"--objective spans: the tokenizer has no sentinels (<extra_id_0>, <extra_id_1>, …); learn one with them: heed tokenizer train TEXT --sentinels {SentinelCount} --out DIR.");
        if (objective is Objective.Spans or Objective.Pairs && tokenizer.EosId is null)
            throw new CommandException($"--objective {NameOf(objective)}: the tokenizer has no end token, which tells the decoder where to stop.");
    }

    /// <exception cref="CommandException">Rows are too short for the objective.</exception>
    public static void CheckLength(Objective objective, int seqLen)
    {
        // A source has an end token besides.
        if (objective == Objective.Spans && seqLen <= FewestSpanTokens)
            throw new CommandException($"--objective spans: rows of {seqLen} tokens are too short to take spans out of; expected --seq {FewestSpanTokens + 1} or more.");
        if (objective == Objective.Masked && seqLen < 2)
            throw new CommandException("--objective masked: in a row of one token nothing stands beside what is hidden; expected --seq 2 or more.");
    }

    private string? Misplaced(System.CommandLine.Parsing.CommandResult result, Objective objective)
    {
        if (result.GetResult(_share) is { Implicit: false } && objective is not (Objective.Masked or Objective.Spans)) return ShareIsFor;
        return result.GetResult(_length) is { Implicit: false } && objective != Objective.Spans ? LengthIsFor : null;
    }

    private static string NameOf(Objective objective) => objective.ToString().ToLowerInvariant();

    private static bool Named(string name, out Objective objective)
    {
        objective = Enum.GetValues<Objective>().FirstOrDefault(known => NameOf(known) == name);
        return NameOf(objective) == name;
    }

    private double ShareOf(ParseResult line) => line.GetValue(_share) ?? Share;
}
