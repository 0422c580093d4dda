using Heed.Inference.Grammars;

namespace Heed.Inference;

/// <summary>
/// A text that is being generated: its options, its draws, what it may look like, and what it has come to. Knows nothing of where
/// the logits come from, so that it is the same alone, in a batch and behind a draft.
/// </summary>
internal sealed class GenerationRow
{
    private readonly GenerationOptions _options;
    private readonly WritingModel _model;
    private readonly TokenScorer? _scorer;
    private readonly PieceWriter _writer;
    private readonly GrammarConstraint? _grammar;
    private readonly int _most;

    /// <param name="model">The model.</param>
    /// <param name="options">How to generate.</param>
    /// <param name="prompt">The tokens before the text; never empty.</param>
    /// <param name="emit">Takes the pieces.</param>
    public GenerationRow(WritingModel model, GenerationOptions options, int[] prompt, Action<CompletionPiece> emit)
    {
        (_model, _options, _most) = (model, options, options.MaxTokens ?? int.MaxValue);
        Sampler = new Sampler(options, model.VocabSize);
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

    /// <summary>Emits the prompt with its scores.</summary>
    public void Echo(int[] prompt, List<TokenScore> scores) => _writer.Echo(prompt, scores);

    /// <summary>Chooses the next token by the logits and adds it to the text.</summary>
    /// <returns>Why the text ends, or null where <see cref="Token"/> is to be read and the next one to be chosen.</returns>
    public FinishReason? Next(ReadOnlySpan<float> logits, CancellationToken cancellation)
    {
        if (Tokens >= _most) return FinishReason.MaxTokens;
        if (_grammar is { IsFinished: true }) return FinishReason.EndToken;
        Token = Sampler.Sample(_grammar is null ? logits : _grammar.Apply(logits, cancellation));
        return Take(Token, _scorer?.Score(logits, Token));
    }

    /// <summary>Lets go what was held back and emits the last piece.</summary>
    public void Finish(FinishReason reason, Usage usage) => _writer.Finish(reason, usage);

    private FinishReason? Take(int token, TokenScore? score)
    {
        Sampler.Observe(token);
        bool ends = !_options.IgnoreEndTokens && _model.EndTokens.Contains(token);
        if (ends || _options.StopTokens.Contains(token))
        {
            _writer.End(token, score);
            return ends ? FinishReason.EndToken : FinishReason.Stop;
        }
        _grammar?.Observe(token);
        if (_writer.Add(token, score)) return FinishReason.Stop;
        if (_grammar is { IsFinished: true }) return FinishReason.EndToken; // Without reading the last token.
        return Tokens >= _most ? FinishReason.MaxTokens : null;
    }
}
