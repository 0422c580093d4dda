using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>Turns tokens into pieces of text: whole characters only, and nothing of a stop text.</summary>
internal sealed class PieceWriter(Tokenizer tokenizer, GenerationOptions options, bool continuesText, Action<CompletionPiece> emit)
{
    private readonly StreamingDecoder _decoder = tokenizer.CreateDecoder(continuesText: continuesText);
    private readonly StopMatcher _stops = new(options.StopStrings);
    private readonly List<int> _ids = [];
    private readonly List<float> _logProbabilities = [];

    /// <summary>The number of tokens so far.</summary>
    public int Tokens { get; private set; }

    /// <summary>Adds a token to the text.</summary>
    /// <returns>Whether a stop text is now complete.</returns>
    public bool Add(int token, float? logProbability)
    {
        Count(token, logProbability);
        string text = _stops.Push(TextOf(token));
        if (text.Length > 0) Emit(text);
        return _stops.Stopped;
    }

    /// <summary>Counts a token that ends the text and is no part of it.</summary>
    public void End(int token, float? logProbability) => Count(token, logProbability);

    /// <summary>Lets go what was held back and emits the last piece.</summary>
    public void Finish(FinishReason reason, Usage usage)
    {
        bool stoppedBefore = _stops.Stopped;
        string rest = stoppedBefore ? "" : _stops.Push(_decoder.Flush());
        if (!_stops.Stopped) rest += _stops.Flush();
        else if (!stoppedBefore) reason = FinishReason.Stop; // What the last bytes became completed a stop text.
        emit(new CompletionPiece(rest, [.. _ids], [.. _logProbabilities]) { FinishReason = reason, Usage = usage });
    }

    // A sentinel says which gap the text after it fills: without it the text would say nothing.
    private string TextOf(int token) => token >= tokenizer.VocabSize ? ""
        : tokenizer.SentinelIds.Contains(token) ? _decoder.Flush() + tokenizer.TokenText(token)
        : _decoder.Add(token);

    private void Count(int token, float? logProbability)
    {
        Tokens++;
        _ids.Add(token);
        if (logProbability is { } value) _logProbabilities.Add(value);
    }

    private void Emit(string text)
    {
        emit(new CompletionPiece(text, [.. _ids], [.. _logProbabilities]));
        _ids.Clear();
        _logProbabilities.Clear();
    }
}
