using System.CommandLine;
using System.CommandLine.Parsing;
using Heed.Inference;
using Heed.Inference.Drafting;

namespace Heed.Cli.Options;

/// <summary>The options that say what guesses the next tokens, so that the model reads several at once; at most one of them may be given.</summary>
internal sealed class SpeculationOptions
{
    private readonly Option<string?> _draft = ValueOption.Text("--draft", "A smaller model of the same vocabulary, which guesses the next tokens. The text is drawn by the same probabilities, only sooner.", "MODEL");
    private readonly Option<int?> _lookup;
    private readonly Option<int?> _earlyExit = ValueOption.Number<int>("--early-exit", "Guess the next tokens with the model's first N blocks.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<int?> _tokens = ValueOption.Number<int>("--draft-tokens", "The most tokens to guess at once.", $"a whole number, 1 to {Speculation.MostDraftTokens}", value => value is >= 1 and <= Speculation.MostDraftTokens);

    public SpeculationOptions()
    {
        PromptLookup plain = new();
        _lookup = new("--lookup")
        {
            Description = $"Guess that what stood before goes on alike: by the last N tokens, or as many of them as are found, {plain.ShortestMatch} at least; {plain.LongestMatch} if no N is given.",
            HelpName = "N",
            Arity = ArgumentArity.ZeroOrOne,
            CustomParser = result => ParseLookup(result, plain.LongestMatch),
        };
    }

    /// <summary>What may guess.</summary>
    public IReadOnlyList<Option> Ways => [_draft, _lookup, _earlyExit];

    public void AddTo(Command command)
    {
        IReadOnlyList<Option> ways = Ways;
        foreach (Option option in (Option[])[.. ways, _tokens]) command.Add(option);
        command.Validators.Add(result =>
        {
            string[] given = [.. ways.Where(option => result.GetResult(option) is { Implicit: false }).Select(option => option.Name)];
            if (given.Length > 1) result.AddError($"{string.Join(" and ", given)} cannot guess at the same time; give one of them.");
            if (given.Length == 0 && result.GetResult(_tokens) is { Implicit: false }) result.AddError("--draft-tokens needs --draft, --lookup or --early-exit.");
        });
    }

    /// <summary><paramref name="options"/> with what guesses for a model, which is its caller's to dispose of.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="options">The options.</param>
    /// <param name="model">The model.</param>
    /// <param name="threads">How many threads a draft model gets; 0 for those of all others.</param>
    /// <param name="draft">The draft model, or null.</param>
    /// <param name="cancellation">Ends the loading.</param>
    /// <exception cref="ArgumentException">It does not fit the model.</exception>
    /// <exception cref="NotSupportedException">The model's states cannot be cut back.</exception>
    public GenerationOptions Apply(ParseResult line, GenerationOptions options, LanguageModel model, int threads, out LanguageModel? draft, CancellationToken cancellation)
    {
        draft = null;
        try
        {
            Speculation? speculation = null;
            if (line.GetValue(_draft) is { } path)
            {
                draft = LanguageModel.Load(path, new LoadOptions { Threads = threads }, cancellation);
                speculation = new DraftModel(draft) { MaxDraftTokens = line.GetValue(_tokens) ?? DraftModel.DefaultDraftTokens };
            }
            else if (line.GetResult(_lookup) is { Implicit: false })
            {
                speculation = new PromptLookup { LongestMatch = line.GetValue(_lookup)!.Value, MaxDraftTokens = line.GetValue(_tokens) ?? PromptLookup.DefaultDraftTokens };
            }
            else if (line.GetValue(_earlyExit) is { } layers)
            {
                speculation = new EarlyExit(layers) { MaxDraftTokens = line.GetValue(_tokens) ?? EarlyExit.DefaultDraftTokens };
            }
            speculation?.Check(model);
            return options with { Speculation = speculation };
        }
        catch
        {
            draft?.Dispose();
            throw;
        }
    }

    private static int? ParseLookup(ArgumentResult result, int otherwise)
    {
        if (result.Tokens.Count == 0) return otherwise;
        string text = result.Tokens[0].Value;
        if (int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int value) && value > 0) return value;
        result.AddError($"--lookup is '{text}'; expected a whole number, 1 or more, or nothing: put the prompt before it, or after --.");
        return null;
    }
}
