using System.CommandLine;
using Heed.Inference;
using Heed.Tokenizers;

namespace Heed.Cli.Options;

/// <summary>The options that say how text is generated. Those not given leave the model's own choice as it is.</summary>
internal sealed class SamplingOptions
{
    private static readonly GenerationOptions s_plain = new();
    private readonly Option<int?> _maxTokens;
    private readonly Option<float?> _temperature = ValueOption.Number<float>("--temperature", $"How freely to choose; 0 takes the likeliest token each time. What the model's files recommend if not given, else {s_plain.Temperature}.", "0 or more", value => value >= 0, "-t");
    private readonly Option<int?> _topK = ValueOption.Number<int>("--top-k", "Choose among the N likeliest tokens; 0 for all.", "a whole number, 0 or more", value => value >= 0);
    private readonly Option<float?> _topP = ValueOption.Number<float>("--top-p", $"Choose among the likeliest tokens that together have probability N; 1 for all. What the model's files recommend if not given, else {s_plain.TopP}.", "above 0, at most 1", value => value is > 0 and <= 1);
    private readonly Option<float?> _minP = ValueOption.Number<float>("--min-p", "Choose among tokens at least N times as likely as the likeliest; 0 for all.", "0 to 1", value => value is >= 0 and <= 1);
    private readonly Option<float?> _typical = ValueOption.Number<float>("--typical", "Choose among the tokens of the most typical information that together have probability N; 1 for all.", "above 0, at most 1", value => value is > 0 and <= 1);
    private readonly Option<float?> _repetition = ValueOption.Number<float>("--repetition-penalty", "Above 1 makes tokens that occurred less likely.", "above 0", value => value > 0, "--repeat-penalty");
    private readonly Option<float?> _presence = ValueOption.Number<float>("--presence-penalty", "Taken from the logits of tokens that occurred.", "a number", _ => true);
    private readonly Option<float?> _frequency = ValueOption.Number<float>("--frequency-penalty", "Taken from a token's logit each time that it occurred.", "a number", _ => true);
    private readonly Option<int?> _window = ValueOption.Number<int>("--penalty-window", $"The penalties look at the last N tokens, the prompt's included; 0 for all, {s_plain.PenaltyWindow} if not given.", "a whole number, 0 or more", value => value >= 0);
    private readonly TokenOptions _tokens = new();
    private readonly Option<ulong?> _seed = ValueOption.Number<ulong>("--seed", "The same seed gives the same text; another text each time if not given.", "a whole number, 0 or more", _ => true);
    private readonly Option<bool> _slide = new("--slide") { Description = "When the context is full, forget the oldest half and go on." };
    private readonly Option<bool> _ignoreEnd = new("--ignore-end") { Description = "Go on past the model's end tokens." };
    private readonly Option<string[]> _stop = new("--stop")
    {
        Description = "End before this text; may be given several times.",
        HelpName = "TEXT",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    /// <param name="maxTokensDefault">What the help says about the bound of tokens when it is not given.</param>
    public SamplingOptions(string maxTokensDefault)
    {
        _maxTokens = ValueOption.Number<int>("--max-tokens", $"The most tokens to generate; {maxTokensDefault}.", "a whole number, 0 or more", value => value >= 0, "-n");
        _stop.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0)) result.AddError("--stop is empty; expected a text of one character or more.");
        });
    }

    public void AddTo(Command command)
    {
        Option[] all = [_maxTokens, _temperature, _topK, _topP, _minP, _typical, _repetition, _presence, _frequency, _window, .. _tokens.All, _seed, _stop, _ignoreEnd, _slide];
        foreach (Option option in all) command.Add(option);
    }

    /// <summary><paramref name="defaults"/> with everything that the command line says of a model with this tokenizer.</summary>
    /// <exception cref="CommandException">A token that is to be banned is not in the vocabulary.</exception>
    public GenerationOptions Apply(ParseResult line, GenerationOptions defaults, Tokenizer tokenizer) => _tokens.Apply(line, tokenizer, defaults with
    {
        MaxTokens = line.GetValue(_maxTokens) ?? defaults.MaxTokens,
        Temperature = line.GetValue(_temperature) ?? defaults.Temperature,
        TopK = line.GetValue(_topK) ?? defaults.TopK,
        TopP = line.GetValue(_topP) ?? defaults.TopP,
        MinP = line.GetValue(_minP) ?? defaults.MinP,
        TypicalP = line.GetValue(_typical) ?? defaults.TypicalP,
        RepetitionPenalty = line.GetValue(_repetition) ?? defaults.RepetitionPenalty,
        PresencePenalty = line.GetValue(_presence) ?? defaults.PresencePenalty,
        FrequencyPenalty = line.GetValue(_frequency) ?? defaults.FrequencyPenalty,
        PenaltyWindow = line.GetValue(_window) ?? defaults.PenaltyWindow,
        Seed = line.GetValue(_seed) ?? defaults.Seed,
        StopStrings = line.GetValue(_stop) is { Length: > 0 } stop ? stop : defaults.StopStrings,
        IgnoreEndTokens = line.GetValue(_ignoreEnd) || defaults.IgnoreEndTokens,
        Overflow = line.GetValue(_slide) ? ContextOverflow.Slide : defaults.Overflow,
    });
}
