namespace Heed.Models;

/// <summary>Which keys attention's queries see besides what causality, documents and <see cref="ModelConfig.Window"/> say.</summary>
public enum AttentionPatternKind
{
    /// <summary>All of them.</summary>
    Full,

    /// <summary>A window and global tokens; see <see cref="Nn.LongformerPattern"/>.</summary>
    Longformer,

    /// <summary>Blocks: a window of them, global and random ones; see <see cref="Nn.BigBirdPattern"/>.</summary>
    BigBird,

    /// <summary>Blocks without overlap, each by itself; see <see cref="Nn.LocalPattern"/>.</summary>
    Local,
}
