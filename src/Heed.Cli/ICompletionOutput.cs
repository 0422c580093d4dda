using Heed.Inference;
using Heed.Inference.Beams;

namespace Heed.Cli;

/// <summary>Where a completion goes.</summary>
internal interface ICompletionOutput
{
    /// <summary>Writes a piece at once.</summary>
    void Write(CompletionPiece piece);

    /// <summary>Writes what a search has found.</summary>
    void Write(BeamResult result);

    /// <summary>Ends a completion that was stopped before its last piece.</summary>
    void Stopped();
}
