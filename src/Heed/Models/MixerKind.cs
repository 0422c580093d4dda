namespace Heed.Models;

/// <summary>What lets the positions of a sequence learn of one another in each block.</summary>
public enum MixerKind
{
    /// <summary>Softmax attention; see <see cref="Nn.SelfAttention"/>.</summary>
    Attention,

    /// <summary>Attention-free mixing with a bias for each pair of positions; see <see cref="Nn.AttentionFreeMixer"/>.</summary>
    AftFull,

    /// <summary>Attention-free mixing with biases for pairs of near positions alone.</summary>
    AftLocal,

    /// <summary>Attention-free mixing without biases: its state is of one size, however long the text.</summary>
    AftSimple,

    /// <summary>Keys and values projected to a constant number; for models that see both ways alone. See <see cref="Nn.Linformer"/>.</summary>
    Linformer,

    /// <summary>A selective scan, whose state is of one size, however long the text; see <see cref="Nn.MambaMixer"/>.</summary>
    Mamba,

    /// <summary>One token, or one chunk of them, for each query, chosen; see <see cref="Nn.HardAttention"/>. Goes on from a cache of keys and values.</summary>
    Hard,
}
