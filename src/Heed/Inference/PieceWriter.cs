using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>Turns tokens into pieces of text: whole characters only, and nothing of a stop text.</summary>
internal sealed class PieceWriter(Tokenizer tokenizer, GenerationOptions options, bool continuesText, Action<CompletionPiece> emit)
{
    private readonly StreamingDecoder _decoder = tokenizer.CreateDecoder(continuesText: continuesText);
    private readonly StopMatcher _stops = new(options.StopStrings);
    private readonly List<int> _ids = [];
    private readonly List<TokenScore> _scores = [];

    /// <summary>The number of tokens so far.</summary>
    public int Tokens { get; private set; }

    /// <summary>Adds a token to the text.</summary>
    /// <returns>Whether a stop text is now complete.</returns>
    public bool Add(int token, TokenScore? score)
    {
        Count(token, score);
        string text = _stops.Push(TextOf(token));
        if (text.Length > 0) Emit(text);
        return _stops.Stopped;
    }

    /// <summary>Emits the prompt, which is no part of the text: no stop text is looked for in it, and its tokens do not count.</summary>
    public void Echo(int[] prompt, List<TokenScore> scores)
    {
        int[] known = Array.FindAll(prompt, token => token < tokenizer.VocabSize);
        emit(Piece(tokenizer.Decode(known), prompt, scores) with { IsPrompt = true });
    }

    /// <summary>Counts a token that ends the text and is no part of it.</summary>
    public void End(int token, TokenScore? score) => Count(token, score);

    /// <summary>Lets go what was held back and emits the last piece.</summary>
    public void Finish(FinishReason reason, Usage usage)
    {
        bool stoppedBefore = _stops.Stopped;
        string rest = stoppedBefore ? "" : _stops.Push(_decoder.Flush());
        if (!_stops.Stopped) rest += _stops.Flush();
        else if (!stoppedBefore) reason = FinishReason.Stop; // What the last bytes became completed a stop text.
        emit(Piece(rest, [.. _ids], _scores) with { FinishReason = reason, Usage = usage });
    }

    // A sentinel says which gap the text after it fills: without it the text would say nothing.
    private string TextOf(int token) => token >= tokenizer.VocabSize ? ""
        : options.ShownTokens.Contains(token) || tokenizer.SentinelIds.Contains(token) ? _decoder.Flush() + tokenizer.TokenText(token)
        : _decoder.Add(token);

    private void Count(int token, TokenScore? score)
    {
        Tokens++;
        _ids.Add(token);
        if (score is not null) _scores.Add(score);
    }

    private void Emit(string text)
    {
        emit(Piece(text, [.. _ids], _scores));
        _ids.Clear();
        _scores.Clear();
    }

    private CompletionPiece Piece(string text, IReadOnlyList<int> ids, List<TokenScore> scores) => new(text, ids, [.. scores.Select(score => score.LogProbability)])
    {
        TopLogProbabilities = options.TopLogProbabilities > 0 ? [.. scores.Select(score => score.Top)] : [],
    };
}
