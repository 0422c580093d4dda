using System.Collections.Immutable;
using Heed.Inference.Drafting;
using Heed.Inference.Grammars;
using Heed.Inference.Sampling;

namespace Heed.Inference;

/// <summary>How text is generated. The defaults sample mildly; <see cref="Greedy"/> takes the likeliest token each time.</summary>
public sealed record GenerationOptions
{
    private const int MostTopLogProbabilities = 1000;

    /// <summary>The likeliest token each time: temperature 0.</summary>
    public static GenerationOptions Greedy { get; } = new() { Temperature = 0 };

    /// <summary>At most this many tokens are generated; null for as many as the context holds, without end if it slides.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Added to the logits of tokens, by id; −∞ bans a token.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = new Dictionary<int, float>();

    /// <summary>Tokens that are never generated.</summary>
    public IReadOnlyList<int> BannedTokens { get; init; } = [];

    /// <summary>Divides the logits; 0 means greedy. Above 1 evens the probabilities out, below 1 sharpens them.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>Only the k likeliest tokens stay (of tied ones, those with lower ids); 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Nucleus sampling (Holtzman et al. 2019, arXiv 1904.09751): tokens stay, likeliest first, until they have probability p
    /// together; so the token that crosses p stays. 1 for all.
    /// </summary>
    public float TopP { get; init; } = 0.95f;

    /// <summary>What <see cref="TopP"/> does where tokens have probability p exactly.</summary>
    public TopPBoundary TopPBoundary { get; init; } = TopPBoundary.AtMost;

    /// <summary>Tokens stay whose probability is at least this part of the likeliest one's (arXiv 2407.01082); 0 for all.</summary>
    public float MinP { get; init; }

    /// <summary>
    /// Locally typical sampling (Meister et al. 2022, arXiv 2202.00666): tokens stay, those first whose information is nearest to the
    /// entropy, until they have this probability together. 1 for all.
    /// </summary>
    public float TypicalP { get; init; } = 1;

    /// <summary>
    /// Divides positive and multiplies negative logits of tokens that occurred (Keskar et al. 2019, arXiv 1909.05858); 1 for none.
    /// </summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Subtracted from the logits of tokens that occurred; 0 for none.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Subtracted from a token's logit for each time it occurred; 0 for none.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>How many of the last tokens, the prompt's included, the penalties look at; 0 for all.</summary>
    public int PenaltyWindow { get; init; } = 64;

    /// <summary>
    /// Steps of your own choice and order instead of <see cref="DefaultSteps"/>, that is, of biases, bans, penalties, temperature
    /// and cuts above; null for these.
    /// </summary>
    public IReadOnlyList<SamplingStep>? Steps { get; init; }

    /// <summary>The seed of the random choices; null for a different text each time.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Generation ends before any of these texts, wherever token borders lie.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Generation ends at any of these tokens besides the model's own end tokens.</summary>
    public IReadOnlyList<int> StopTokens { get; init; } = [];

    /// <summary>
    /// What the text must look like, or null for any text. End tokens are chosen only where it may end, and where it must,
    /// generation ends by itself. A text that was cut, by <see cref="MaxTokens"/> or otherwise, has another reason than
    /// <see cref="FinishReason.EndToken"/> and is only the beginning of one that fits.
    /// </summary>
    public Grammar? Grammar { get; init; }

    /// <summary>
    /// What guesses the next tokens, so that the model can read several at once; null for nothing. At temperature 0 the text is the same as
    /// without; above it is drawn by the same distribution (<see cref="Drafting.Speculation"/>).
    /// </summary>
    public Speculation? Speculation { get; init; }

    /// <summary>Whether pieces carry log-probabilities: of the untempered distribution, before penalties and cuts.</summary>
    public bool LogProbabilities { get; init; }

    /// <summary>The number of likeliest tokens whose log-probabilities come with each token; above 0 includes <see cref="LogProbabilities"/>.</summary>
    public int TopLogProbabilities { get; init; }

    /// <summary>
    /// Whether the first piece is the prompt as it was read, with log-probabilities if they are asked for: 0 for the first
    /// token, which nothing foretells. Then nothing of the prompt is taken from what an earlier turn has left in memory.
    /// </summary>
    public bool EchoPrompt { get; init; }

    /// <summary>Whether special tokens written in the prompt become control tokens; otherwise they are plain text.</summary>
    public bool ParseSpecialTokens { get; init; }

    /// <summary>Whether the model's begin token is put before a text prompt where its tokenizer asks for one.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>Whether generation goes on past the model's end tokens, to the bound of tokens.</summary>
    public bool IgnoreEndTokens { get; init; }

    /// <summary>What happens when the context is full.</summary>
    public ContextOverflow Overflow { get; init; } = ContextOverflow.Stop;

    /// <summary>Special tokens whose text is part of the text that comes out, where others leave nothing: those that mark the parts of an answer.</summary>
    internal IReadOnlySet<int> ShownTokens { get; init; } = ImmutableHashSet<int>.Empty;

    /// <summary>
    /// What leads from logits to a draw, in this order: logit bias, bans, repetition, presence and frequency penalty, temperature,
    /// top-k, top-p, min-p, typical. Steps that would change nothing are left out, and so are all cuts at temperature 0.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    public IReadOnlyList<SamplingStep> DefaultSteps()
    {
        int window = PenaltyWindow > 0 ? PenaltyWindow : int.MaxValue;
        List<SamplingStep> steps = [];
        if (LogitBias.Count > 0) steps.Add(new LogitBiasStep(LogitBias));
        if (BannedTokens.Count > 0) steps.Add(new BannedTokensStep(BannedTokens));
        if (RepetitionPenalty != 1) steps.Add(new RepetitionPenaltyStep(RepetitionPenalty, window));
        if (PresencePenalty != 0) steps.Add(new PresencePenaltyStep(PresencePenalty, window));
        if (FrequencyPenalty != 0) steps.Add(new FrequencyPenaltyStep(FrequencyPenalty, window));
        if (Temperature != 1) steps.Add(new TemperatureStep(Temperature));
        if (Temperature == 0) return steps;
        if (TopK > 0) steps.Add(new TopKStep(TopK));
        if (TopP < 1) steps.Add(new TopPStep(TopP, TopPBoundary));
        if (MinP > 0) steps.Add(new MinPStep(MinP));
        if (TypicalP < 1) steps.Add(new TypicalStep(TypicalP));
        return steps;
    }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range; the message names it.</exception>
    public GenerationOptions Validate()
    {
        Check(MaxTokens is null or >= 0, nameof(MaxTokens), MaxTokens, "0 or more, or null");
        Check(Temperature >= 0 && float.IsFinite(Temperature), nameof(Temperature), Temperature, "0 or more");
        Check(TopK >= 0, nameof(TopK), TopK, "0 or more");
        Check(TopP is > 0 and <= 1, nameof(TopP), TopP, "above 0, at most 1");
        Check(MinP is >= 0 and <= 1, nameof(MinP), MinP, "0 to 1");
        Check(Enum.IsDefined(TopPBoundary), nameof(TopPBoundary), (int)TopPBoundary, string.Join(", ", Enum.GetNames<TopPBoundary>()));
        Check(Enum.IsDefined(Overflow), nameof(Overflow), (int)Overflow, string.Join(", ", Enum.GetNames<ContextOverflow>()));
        Check(TypicalP is > 0 and <= 1, nameof(TypicalP), TypicalP, "above 0, at most 1");
        Check(RepetitionPenalty > 0 && float.IsFinite(RepetitionPenalty), nameof(RepetitionPenalty), RepetitionPenalty, "above 0");
        Check(float.IsFinite(PresencePenalty), nameof(PresencePenalty), PresencePenalty, "a finite number");
        Check(float.IsFinite(FrequencyPenalty), nameof(FrequencyPenalty), FrequencyPenalty, "a finite number");
        Check(PenaltyWindow >= 0, nameof(PenaltyWindow), PenaltyWindow, "0 or more");
        Check(StopStrings is not null, nameof(StopStrings), "null", "a list, which may be empty");
        Check(StopTokens is not null, nameof(StopTokens), "null", "a list, which may be empty");
        Check(!StopStrings!.Any(string.IsNullOrEmpty), nameof(StopStrings), "an empty text", "texts of one character or more");
        Check(TopLogProbabilities is >= 0 and <= MostTopLogProbabilities, nameof(TopLogProbabilities), TopLogProbabilities, $"0 to {MostTopLogProbabilities}");
        Check(Steps is null || Steps.All(step => step is not null), nameof(Steps), "a list with null in it", "steps, or null for the default ones");
        ValidateTokens();
        return this;
    }

    private void ValidateTokens()
    {
        Check(LogitBias is not null, nameof(LogitBias), "null", "a dictionary, which may be empty");
        Check(BannedTokens is not null, nameof(BannedTokens), "null", "a list, which may be empty");
        foreach ((int token, float bias) in LogitBias!)
        {
            if (token < 0) Check(false, nameof(LogitBias), $"for token {token}", "tokens of 0 or more");
            if (!(bias < float.PositiveInfinity)) Check(false, nameof(LogitBias), $"{bias} for token {token}", "a finite number, or −∞");
        }
        foreach (int token in BannedTokens!)
            if (token < 0) Check(false, nameof(BannedTokens), $"a list with {token} in it", "tokens of 0 or more");
    }

    private static void Check(bool holds, string name, object? got, string expected)
    {
        if (!holds) throw new ArgumentOutOfRangeException(name, got, $"GenerationOptions: {name} is {got}; expected {expected}.");
    }
}
