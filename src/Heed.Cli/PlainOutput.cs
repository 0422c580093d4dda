using Heed.Inference;
using Heed.Inference.Beams;

namespace Heed.Cli;

/// <summary>A completion as text and nothing else; on a terminal a line end follows, so that the prompt comes on a line of its own.</summary>
internal sealed class PlainOutput(StandardOutput output) : ICompletionOutput
{
    public void Write(CompletionPiece piece)
    {
        output.WriteModelText(piece.Text);
        if (piece.FinishReason is not null) EndLine();
    }

    public void Write(BeamResult result)
    {
        output.WriteModelText(result.Hypotheses[0].Text);
        EndLine();
    }

    public void Stopped() => EndLine();

    private void EndLine()
    {
        if (output.IsTerminal) output.Write("\n");
    }
}
