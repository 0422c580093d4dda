using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates;

/// <summary>A chat as a template wrote it, which still knows who wrote what.</summary>
public sealed class RenderedChat
{
    private readonly TextOrigin[] _origins;
    private readonly bool _leadsIn;

    /// <summary>A chat.</summary>
    /// <param name="text">The text.</param>
    /// <param name="leadsIn">The template begins answers also where it was not asked to; its prompts then end before that.</param>
    internal RenderedChat(TextValue text, bool leadsIn)
    {
        _leadsIn = leadsIn;
        Text = text.Text;
        List<TextSegment> segments = [];
        int start = 0;
        foreach (TextRun run in text.Runs)
        {
            segments.Add(new TextSegment(text.Text[start..run.End], !run.Origin.HasFlag(TextOrigin.Input), run.Origin.HasFlag(TextOrigin.Answer)));
            start = run.End;
        }

        Segments = segments;
        _origins = [.. text.Runs.ToArray().Select(run => run.Origin)];
    }

    /// <summary>The whole text.</summary>
    public string Text { get; }

    /// <summary>The text in parts, by who wrote them; together they are <see cref="Text"/>.</summary>
    public IReadOnlyList<TextSegment> Segments { get; }

    /// <summary>Where in <see cref="Text"/> stands what the model is to learn to say: start and end in UTF-16 characters.</summary>
    public IReadOnlyList<(int Start, int End)> Answers
    {
        get
        {
            List<(int Start, int End)> answers = [];
            int start = 0;
            foreach (TextSegment segment in Segments)
            {
                int end = start + segment.Text.Length;
                if (segment.IsAnswer && answers.Count > 0 && answers[^1].End == start) answers[^1] = (answers[^1].Start, end);
                else if (segment.IsAnswer) answers.Add((start, end));
                start = end;
            }

            return answers;
        }
    }

    /// <summary>
    /// The chat as ids. Special tokens come from what the template wrote alone: where a message spells one it is encoded as plain text, also
    /// where it would be one together with what stands beside it. No BOS is added; a template writes its own.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    public int[] Encode(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        SegmentEncoder encoder = new(tokenizer, marksAnswers: false);
        foreach (TextSegment segment in Segments) encoder.Add(segment.Text, segment.IsTrusted);
        return encoder.End().ToArray();
    }

    /// <summary>
    /// The chat as ids to learn from, with those of the answers marked; each answer is encoded by itself, as the model meets what stands
    /// before it. Where the template does not say what is an answer (<c>generation</c>), that is what assistants' messages hold, and the
    /// special token that follows.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    public DialogTokens EncodeDialog(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        SegmentEncoder encoder = new(tokenizer, marksAnswers: true);
        bool saysAnswers = Segments.Any(segment => segment.IsAnswer);
        for (int i = 0; i < Segments.Count; i++)
        {
            bool isAnswer = saysAnswers ? Segments[i].IsAnswer : _origins[i].HasFlag(TextOrigin.Said);
            encoder.Mark(isAnswer, takesEnd: !saysAnswers, takesSpace: !saysAnswers && _leadsIn);
            encoder.Add(Segments[i].Text, Segments[i].IsTrusted);
        }

        return encoder.End().ToDialog();
    }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
