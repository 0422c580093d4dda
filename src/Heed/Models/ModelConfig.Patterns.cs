namespace Heed.Models;

/// <content>Sparse attention and attention sinks, and their settings.</content>
public sealed partial record ModelConfig
{
    /// <summary>
    /// Which keys attention's queries see in their row or document. Patterns go with every other choice of attention but
    /// <see cref="Window"/>, causal or <see cref="Bidirectional"/>.
    /// </summary>
    public AttentionPatternKind AttentionPattern { get; init; } = AttentionPatternKind.Full;

    /// <summary>Whether each head of each layer has a learned logit in its softmax's denominator, 0 to begin with (Xiao et al. 2023, arXiv 2309.17453).</summary>
    public bool AttentionSinks { get; init; }

    /// <summary>The keys that <see cref="AttentionPatternKind.Longformer"/> sees on each side of a query's own; before it alone if not <see cref="Bidirectional"/>.</summary>
    public int LongformerWindow { get; init; } = 128;

    /// <summary>The distance between these keys; 1 leaves no gap.</summary>
    public int LongformerDilation { get; init; } = 1;

    /// <summary>The first so many tokens of a row or document are Longformer's global ones: they see it all, and all see them.</summary>
    public int GlobalTokens { get; init; } = 1;

    /// <summary>Whether global tokens use the projections of the other tokens instead of their own (Longformer, section 3.1).</summary>
    public bool GlobalsShared { get; init; }

    /// <summary>Tokens in a block of <see cref="AttentionPatternKind.BigBird"/>.</summary>
    public int BigBirdBlock { get; init; } = 64;

    /// <summary>Blocks in BigBird's window, the query's own and as many on either side: an odd number.</summary>
    public int BigBirdWindow { get; init; } = 3;

    /// <summary>Blocks at the beginning that see all and that all see.</summary>
    public int BigBirdGlobal { get; init; } = 2;

    /// <summary>Blocks drawn for each block.</summary>
    public int BigBirdRandom { get; init; } = 3;

    /// <summary>What they are drawn from; in layer i from this and i together, so that layers see different ones.</summary>
    public int BigBirdSeed { get; init; }

    /// <summary>Tokens in a block of <see cref="AttentionPatternKind.Local"/>.</summary>
    public int LocalBlock { get; init; } = 256;

    /// <summary>Whether global tokens have projections of their own.</summary>
    internal bool HasGlobalProjections => AttentionPattern == AttentionPatternKind.Longformer && GlobalTokens > 0 && !GlobalsShared;

    /// <summary>What a block has for its pattern and sinks.</summary>
    private long PatternParameterCount()
    {
        long global = ((NumHeads + (long)KvHeads) * HeadSize + (long)KvHeads * ValueHeadSize) * (HiddenSize + (QkvBias ? 1L : 0));
        return (HasGlobalProjections ? global : 0) + (AttentionSinks ? NumHeads : 0);
    }

    private string PatternWindow => AttentionPattern switch
    {
        AttentionPatternKind.BigBird => nameof(BigBirdWindow),
        AttentionPatternKind.Local => nameof(LocalBlock),
        _ => nameof(LongformerWindow),
    };

    private void ValidatePattern()
    {
        Defined(AttentionPattern);
        Within(LongformerWindow, nameof(LongformerWindow), int.MaxValue);
        Within(LongformerDilation, nameof(LongformerDilation), int.MaxValue);
        Within(BigBirdBlock, nameof(BigBirdBlock), int.MaxValue);
        Within(LocalBlock, nameof(LocalBlock), int.MaxValue);
        Within(BigBirdWindow, nameof(BigBirdWindow), 1 << 20);
        if (GlobalTokens is < 0 or > 1 << 20) throw new ArgumentException($"ModelConfig: GlobalTokens is {GlobalTokens}; expected 0 (none) to {1 << 20}.");
        if (BigBirdWindow % 2 == 0) throw new ArgumentException($"ModelConfig: BigBirdWindow is {BigBirdWindow}; expected an odd number of blocks.");
        if (BigBirdGlobal is < 0 or > 1 << 20) throw new ArgumentException($"ModelConfig: BigBirdGlobal is {BigBirdGlobal}; expected 0 (none) to {1 << 20}.");
        if (BigBirdRandom is < 0 or > 1 << 20) throw new ArgumentException($"ModelConfig: BigBirdRandom is {BigBirdRandom}; expected 0 (none) to {1 << 20}.");
        if (AttentionPattern == AttentionPatternKind.Full) return;
        if (Window != 0)
            throw new ArgumentException($"ModelConfig: Window is {Window} and AttentionPattern {AttentionPattern}, which has a window of its own; leave Window at 0 and set {PatternWindow}.");
    }
}
