using System.Text;

namespace Heed.Inference.Beams;

/// <summary>What ends a text of a search: end and stop tokens, stop texts, and a grammar that allows nothing more.</summary>
internal sealed class BeamEndings
{
    private readonly WritingModel _model;
    private readonly GenerationOptions _options;
    private readonly bool _continues;
    private readonly HashSet<int> _ends, _stops;

    /// <param name="model">The model.</param>
    /// <param name="options">Its stop tokens and texts.</param>
    /// <param name="continues">Whether there is a text before, which a space at the start goes on from.</param>
    public BeamEndings(WritingModel model, GenerationOptions options, bool continues)
    {
        (_model, _options, _continues) = (model, options, continues);
        _ends = options.IgnoreEndTokens ? [] : [.. model.EndTokens];
        _stops = [.. options.StopTokens];
    }

    /// <summary>The number of tokens that end a text.</summary>
    public int Tokens => _ends.Union(_stops).Count();

    /// <summary>Why the text ends with its last token, or null where it does not.</summary>
    public FinishReason? Of(Beam beam)
    {
        if (_ends.Contains(beam.Token)) return FinishReason.EndToken;
        if (_stops.Contains(beam.Token)) return FinishReason.Stop;
        if (beam.Grammar is { } grammar)
        {
            grammar.Observe(beam.Token);
            if (grammar.IsFinished) return HasStopText(beam) ? FinishReason.Stop : FinishReason.EndToken;
        }
        return HasStopText(beam) ? FinishReason.Stop : null;
    }

    /// <summary>A finished text as its reader sees it.</summary>
    public BeamHypothesis Write(FinishedBeam finished)
    {
        (int[] tokens, float[] logProbabilities) = finished.Beam.Unroll();
        StringBuilder text = new();
        FinishReason reason = finished.Reason;
        PieceWriter writer = new(_model.Tokenizer, _options, _continues, piece =>
        {
            text.Append(piece.Text);
            reason = piece.FinishReason ?? reason;
        });
        foreach (int token in tokens)
        {
            if (_ends.Contains(token) || _stops.Contains(token)) writer.End(token, null);
            else writer.Add(token, null);
        }
        writer.Finish(reason, new Usage(0, 0, 0, default, default));
        return new BeamHypothesis(text.ToString(), tokens, finished.Score, finished.Beam.LogProbability, logProbabilities, reason);
    }

    private bool HasStopText(Beam beam)
    {
        if (_options.StopStrings.Count == 0) return false;
        PieceWriter writer = new(_model.Tokenizer, _options, _continues, _ => { });
        bool stops = false;
        foreach (int token in beam.Unroll().Tokens) stops |= writer.Add(token, null);
        return stops;
    }
}
