using System.CommandLine;
using System.Globalization;
using Heed.Models;
using Heed.Tokenizers;
using Heed.Training.Data;

namespace Heed.Cli.Options;

/// <summary>The options that say what a model learns: the next token, or those that are hidden from it.</summary>
internal sealed class ObjectiveOptions
{
    public const string MaskToken = "<mask>";
    private const string Causal = "causal", Masked = "masked";
    private const double Share = 0.15;
    private readonly Option<string?> _objective = ValueOption.Text("--objective", "What is learned: causal (the next token), or masked (tokens that are hidden, by a model that sees both ways); causal if not given.", "NAME");
    private readonly Option<double?> _share = ValueOption.Number<double>("--mask-share", "With --objective masked: the share of tokens that are to be found; 0.15 if not given.", "a number above 0, at most 1", value => value is > 0 and <= 1);

    public void AddTo(Command command)
    {
        command.Add(_objective);
        command.Add(_share);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_objective) is { } objective and not (Causal or Masked)) result.AddError($"--objective is '{objective}'; expected causal or masked.");
            if (result.GetResult(_share) is { Implicit: false } && result.GetValue(_objective) == Causal) result.AddError("--mask-share goes with --objective masked only.");
        });
    }

    /// <summary>Whether tokens are hidden: what the command line says, else what fits a model that may have been trained before.</summary>
    /// <exception cref="CommandException">A model that sees both ways would see the token that it is to predict.</exception>
    public bool IsMasked(ParseResult line, ModelConfig config)
    {
        string objective = line.GetValue(_objective) ?? (config.Bidirectional ? Masked : Causal);
        if (objective == Causal && config.Bidirectional) throw new CommandException("--objective causal: the model sees both ways, the next token included; take --objective masked, or a model with Bidirectional=false.");
        if (objective == Causal && line.GetResult(_share) is { Implicit: false }) throw new CommandException("--mask-share goes with --objective masked only.");
        return objective == Masked;
    }

    /// <summary>A source's batches with tokens hidden.</summary>
    public MaskedBatches Mask(ParseResult line, IBatchSource source, Tokenizer tokenizer, ulong seed) => new(source, new MaskingOptions
    {
        MaskToken = tokenizer.MaskId!.Value,
        Share = ShareOf(line),
        SpecialTokens = [.. Enumerable.Range(0, tokenizer.VocabSize).Where(tokenizer.IsSpecial)],
        Seed = seed,
    });

    /// <summary>What is learned, for people to read.</summary>
    public string Describe(ParseResult line) => string.Create(CultureInfo.InvariantCulture, $"objective: {100 * ShareOf(line):0.##} % of the tokens are to be found, by what stands before and after them.");

    /// <exception cref="CommandException">The tokenizer has nothing to hide a token with.</exception>
    public static void CheckMask(Tokenizer tokenizer)
    {
        if (tokenizer.MaskId is null)
            throw new CommandException($"--objective masked: the tokenizer has no mask token (<mask> or [MASK]); learn one with it: heed tokenizer train TEXT --special \"{MaskToken}\" --out DIR.");
    }

    private double ShareOf(ParseResult line) => line.GetValue(_share) ?? Share;
}
