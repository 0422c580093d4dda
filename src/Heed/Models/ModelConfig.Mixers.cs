using Heed.Models.Checkpoints;

namespace Heed.Models;

/// <content>The mixers that stand in attention's place, and their settings.</content>
public sealed partial record ModelConfig
{
    /// <summary>
    /// What lets positions learn of one another in each block. Those but attention take <see cref="QkvBias"/> and
    /// <see cref="AttentionOutputBias"/> for their first and last layers, and no other setting of attention.
    /// </summary>
    public MixerKind Mixer { get; init; } = MixerKind.Attention;

    /// <summary>The width of the two factors of <see cref="MixerKind.AftFull"/>'s biases; 0 for a dense table, [maxSeqLen, maxSeqLen] in each block.</summary>
    public int AftFactorSize { get; init; } = 64;

    /// <summary><see cref="MixerKind.AftLocal"/> has biases for positions that are less than this many tokens apart.</summary>
    public int AftWindow { get; init; } = 32;

    /// <summary>The number of keys, and of values, that <see cref="MixerKind.Linformer"/> projects a sequence to.</summary>
    public int LinformerSize { get; init; } = 128;

    /// <summary>Whether Linformer's keys and values share one projection.</summary>
    public bool LinformerShared { get; init; }

    /// <summary>The number of states of each of <see cref="MixerKind.Mamba"/>'s channels.</summary>
    public int MambaStateSize { get; init; } = 16;

    /// <summary>Mamba has this many times as many channels as the residual stream.</summary>
    public int MambaExpansion { get; init; } = 2;

    /// <summary>The number of tokens that Mamba's convolution sees.</summary>
    public int MambaConvolutionWidth { get; init; } = 4;

    /// <summary>The number of neighbouring tokens that <see cref="MixerKind.Hard"/> chooses together.</summary>
    public int HardChunk { get; init; } = 1;

    /// <summary>The number of Mamba's channels.</summary>
    public int MambaChannels => MambaExpansion * HiddenSize;

    /// <summary>The rank of the layer that makes Mamba's step sizes: a sixteenth of the hidden size, rounded up.</summary>
    public int MambaStepRank => (HiddenSize + 15) / 16;

    /// <summary>The number of features that a mixer with queries, keys and values mixes.</summary>
    internal int MixerSize => Mixer is MixerKind.Linformer or MixerKind.Hard ? NumHeads * HeadSize : HiddenSize;

    private long MixerParameterCount() => ModelLayer.Mixer(this, "").Sum(layer => layer.Count);

    private void ValidateMixer()
    {
        Defined(Mixer);
        if (AftFactorSize != 0) Within(AftFactorSize, nameof(AftFactorSize), 1 << 16);
        Within(AftWindow, nameof(AftWindow), 1 << 16);
        Within(LinformerSize, nameof(LinformerSize), 1 << 20);
        Within(MambaStateSize, nameof(MambaStateSize), 1 << 10);
        Within(MambaExpansion, nameof(MambaExpansion), 1 << 6);
        Within(MambaConvolutionWidth, nameof(MambaConvolutionWidth), 1 << 10);
        Within(HardChunk, nameof(HardChunk), int.MaxValue);
        if (Mixer == MixerKind.Attention) return;
        if (Mixer == MixerKind.Linformer && !Bidirectional)
            throw new ArgumentException("ModelConfig: Mixer is Linformer and Bidirectional false; expected true: Linformer mixes the whole sequence into every key, so a causal model would see what comes.");
        if (Mixer == MixerKind.Mamba && Bidirectional)
            throw new ArgumentException("ModelConfig: Mixer is Mamba and Bidirectional true; expected false: Mamba's scan sees nothing of what comes.");
        if (Positions is not (PositionKind.None or PositionKind.Learned or PositionKind.Sinusoidal))
            throw new ArgumentException($"ModelConfig: Positions is {Positions}, which is for attention's queries and keys, and Mixer is {Mixer}; set Positions to None, Learned or Sinusoidal.");
        if (Mixer is MixerKind.Linformer or MixerKind.Hard && KvHeads != NumHeads)
            throw new ArgumentException($"ModelConfig: NumKvHeads is {KvHeads}; expected {NumHeads}, as NumHeads: the mixer {Mixer} has no grouped heads.");
        if (Mixer == MixerKind.AftFull && AftFactorSize == 0) Within(MaxSeqLen, nameof(MaxSeqLen), 1 << 15);
        AttentionOnly(ValueHeadDim is not null, nameof(ValueHeadDim));
        AttentionOnly(Window != 0, nameof(Window));
        AttentionOnly(AttentionScale is not null, nameof(AttentionScale));
        AttentionOnly(AttentionSoftCap != 0, nameof(AttentionSoftCap));
        AttentionOnly(AttentionTopK != 0, nameof(AttentionTopK));
        AttentionOnly(QkNorm, nameof(QkNorm));
        AttentionOnly(AttentionSinks, nameof(AttentionSinks));
        AttentionOnly(AttentionPattern != AttentionPatternKind.Full, nameof(AttentionPattern));
    }

    private void AttentionOnly(bool isSet, string name)
    {
        if (isSet) throw new ArgumentException($"ModelConfig: {name} is set, which is attention's, and Mixer is {Mixer}; leave {name} as it is by default.");
    }
}
