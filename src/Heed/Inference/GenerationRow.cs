using Heed.Inference.Drafting;
using Heed.Inference.Grammars;

namespace Heed.Inference;

/// <summary>
/// A text that is being generated: its options, its draws, what it may look like, and what it has come to. Knows nothing of where
/// the logits come from, so that it is the same alone, in a batch and with a draft before it.
/// </summary>
internal sealed class GenerationRow
{
    private readonly GenerationOptions _options;
    private readonly WritingModel _model;
    private readonly TokenScorer? _scorer;
    private readonly PieceWriter _writer;
    private readonly GrammarConstraint? _grammar;
    private readonly int _most;
    private int _proposed;

    /// <param name="model">The model.</param>
    /// <param name="options">How to generate.</param>
    /// <param name="prompt">The tokens before the text; never empty.</param>
    /// <param name="emit">Takes the pieces.</param>
    public GenerationRow(WritingModel model, GenerationOptions options, int[] prompt, Action<CompletionPiece> emit)
    {
        (_model, _options, _most) = (model, options, options.MaxTokens ?? int.MaxValue);
        Sampler = new Sampler(options.Seed is null && model.Ranks is { } ranks ? options with { Seed = ranks.Seed() } : options, model.VocabSize);
        foreach (int token in prompt) Sampler.Observe(token);
        _scorer = TokenScorer.Of(options);
        // After a begin token alone a text begins, and a space that encoding would have put before it is none of it.
        bool continues = Array.Exists(prompt, token => token < model.Tokenizer.VocabSize && !model.Tokenizer.IsSpecial(token));
        _writer = new PieceWriter(model.Tokenizer, options, continues, emit);
        if (options.Grammar is { } asked)
            _grammar = new GrammarConstraint(model.Vocabulary.Value.For(asked), model.Tokenizer, options, model.EndTokens, model.VocabSize, continues);
    }

    /// <summary>What draws the tokens.</summary>
    public Sampler Sampler { get; }

    /// <summary>Scores tokens, if the options ask for it.</summary>
    public TokenScorer? Scorer => _scorer;

    /// <summary>The last token that was chosen.</summary>
    public int Token { get; private set; }

    /// <summary>The number of tokens so far.</summary>
    public int Tokens => _writer.Tokens;

    /// <summary>How many tokens more there may be.</summary>
    public int Room => _most - Tokens;

    /// <summary>Emits the prompt with its scores.</summary>
    public void Echo(int[] prompt, List<TokenScore> scores) => _writer.Echo(prompt, scores);

    /// <summary>Chooses the next token by the logits and adds it to the text.</summary>
    /// <returns>Why the text ends, or null where <see cref="Token"/> is to be read and the next one to be chosen.</returns>
    public FinishReason? Next(ReadOnlySpan<float> logits, CancellationToken cancellation) => Next(logits, default, cancellation);

    /// <summary>As without a draft; <paramref name="drafted"/> is what one has drawn for this place, if anything.</summary>
    public FinishReason? Next(ReadOnlySpan<float> logits, DraftedToken drafted, CancellationToken cancellation)
    {
        if (Tokens >= _most) return FinishReason.MaxTokens;
        if (_grammar is { IsFinished: true }) return FinishReason.EndToken;
        Token = Sampler.Sample(_grammar is null ? logits : _grammar.Apply(logits, cancellation), drafted);
        return Take(Token, _scorer?.Score(logits, Token));
    }

    /// <summary>Chooses a draft's next token by the draft's logits, as <see cref="Next(ReadOnlySpan{float}, CancellationToken)"/> would; it is no part of the text.</summary>
    /// <param name="logits">The logits.</param>
    /// <param name="probabilities">Gets the probabilities that the token was drawn by; empty for the likeliest one.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The token, or −1 where none can follow.</returns>
    public int Propose(ReadOnlySpan<float> logits, Span<double> probabilities, CancellationToken cancellation)
    {
        if (_proposed == 0) _grammar?.Keep();
        if (_grammar is { IsFinished: true }) return -1;
        try
        {
            int token = Sampler.Propose(_grammar is null ? logits : _grammar.Apply(logits, cancellation), probabilities);
            if (token < 0) return token;
            Sampler.Observe(token);
            _proposed++;
            if (!IsEnd(token)) _grammar?.Observe(token);
            return token;
        }
        catch (GrammarException)
        {
            return -1; // It is the text that fails here, if it comes here at all.
        }
    }

    /// <summary>Forgets what was proposed.</summary>
    public void Withdraw()
    {
        if (_proposed == 0) return;
        Sampler.Forget(_proposed);
        _grammar?.GoBack();
        _proposed = 0;
    }

    /// <summary>Whether a token ends the text and is no part of it.</summary>
    public bool IsEnd(int token) => IsModelEnd(token) || _options.StopTokens.Contains(token);

    /// <summary>Lets go what was held back and emits the last piece.</summary>
    public void Finish(FinishReason reason, Usage usage) => _writer.Finish(reason, usage);

    private FinishReason? Take(int token, TokenScore? score)
    {
        Sampler.Observe(token);
        if (IsEnd(token))
        {
            _writer.End(token, score);
            return IsModelEnd(token) ? FinishReason.EndToken : FinishReason.Stop;
        }
        _grammar?.Observe(token);
        if (_writer.Add(token, score)) return FinishReason.Stop;
        if (_grammar is { IsFinished: true }) return FinishReason.EndToken; // Without reading the last token.
        return Tokens >= _most ? FinishReason.MaxTokens : null;
    }

    private bool IsModelEnd(int token) => !_options.IgnoreEndTokens && _model.EndTokens.Contains(token);
}
