using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// What the shared layers of a model agree on where ranks also share the tokens between those layers (sequence parallelism, Korthikanti et al. 2022, arXiv
/// 2205.05198): in passes that are recorded each rank has a stretch of all rows' tokens, in others all of them.
/// </summary>
internal sealed class SequenceShare
{
    /// <summary>Whether the pass under way, and what it will compute again, shares its tokens.</summary>
    public bool IsOn { get; private set; }

    /// <summary>The token table, where every pass begins, decides for it.</summary>
    public void BeginPass(int tokens, int ranks)
    {
        IsOn = GradientTape.IsRecording;
        if (IsOn && tokens % ranks != 0)
            throw new ArgumentException($"VocabularyParallelEmbedding: {ranks} ranks share {tokens} tokens; expected a multiple of {ranks}, and so of each row's.", nameof(tokens));
    }
}
