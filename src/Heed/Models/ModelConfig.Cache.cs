using Heed.Kernels;
using Heed.Nn;

namespace Heed.Models;

/// <content>What a model keeps of a text that it writes on, and how its mixer is called.</content>
public sealed partial record ModelConfig
{
    /// <summary>How many of the latest tokens a layer has to keep to go on from them, 0 for all: the window of its attention.</summary>
    internal int CachedWindowOf(int layer) => Mixer == MixerKind.Attention && !Bidirectional ? AttentionOptionsOf(layer).Window : 0;

    /// <summary>
    /// The memory that one text takes in a cache (<see cref="Transformer.CreateCache"/>), in bytes: keys and values, of which
    /// layers with a window keep the latest alone, or the states of another mixer, which are of their full size from the first token
    /// on. Beside an <see cref="Encoder"/> the keys and values of the source come on top. 0 for models that have no cache.
    /// </summary>
    /// <param name="tokens">The length of the text.</param>
    /// <param name="sourceTokens">The length of the source that an encoder has read, 0 before it has; its whole context if null.</param>
    /// <param name="type">What the cache rounds keys and values to.</param>
    /// <exception cref="NotSupportedException">The type is not F32, and the mixer not attention.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The length is not from 1 to <see cref="MaxSeqLen"/>, or the source's not from 0 to the encoder's, 0 without one.</exception>
    public long CacheBytes(int tokens, int? sourceTokens = null, KvCacheType type = KvCacheType.F32)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, MaxSeqLen);
        int context = Encoder?.MaxSeqLen ?? 0, source = sourceTokens ?? context;
        ArgumentOutOfRangeException.ThrowIfNegative(source, nameof(sourceTokens));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(source, context, nameof(sourceTokens));
        if (Bidirectional) return 0;
        CheckCacheType("CacheBytes", type);
        long hidden = HiddenSize;
        KvLayout layout = new(type, HeadSize, ValueHeadSize);
        long cross = source == 0 ? 0 : NumLayers * StoredWords(layout, KvCache.SlotsFor(source, window: 0));
        return sizeof(float) * (cross + Mixer switch
        {
            MixerKind.Attention => Enumerable.Range(0, NumLayers).Sum(layer => StoredWords(layout, KvCache.SlotsFor(tokens, CachedWindowOf(layer)))) + GlobalWords(layout, tokens),
            MixerKind.AftFull => NumLayers * 2 * MaxSeqLen * hidden,
            MixerKind.AftLocal => NumLayers * (3 + 2 * (Math.Min(AftWindow, MaxSeqLen) - 1L)) * hidden,
            MixerKind.Hard => NumLayers * 2L * MixerState.CapacityFor(tokens, HardAttention.FirstCapacity) * MixerSize,
            MixerKind.AftSimple => NumLayers * 3 * hidden,
            MixerKind.Mamba => NumLayers * (MambaConvolutionWidth - 1L + MambaStateSize) * MambaChannels,
            _ => 0,
        });
    }

    /// <summary>
    /// Up to which length a text's logits depend on its tokens alone: without bound, but for scalings of rotary angles that go by the
    /// length of the longest row of a call (dynamic NTK, LongRoPE).
    /// </summary>
    internal int StableLength => RopeScaling.Kind is RopeScalingKind.Ntk or RopeScalingKind.LongRope ? RopeScaling.OriginalMaxSeqLen : int.MaxValue;

    /// <summary>Throws where what a model keeps of a text is rounded to no such type.</summary>
    internal void CheckCacheType(string operation, KvCacheType type)
    {
        if (type != KvCacheType.F32 && Mixer != MixerKind.Attention)
            throw new NotSupportedException($"{operation}: the cache's type is {type}; expected F32: the model's mixer is {Mixer}, whose states are float32.");
    }

    private long StoredWords(in KvLayout layout, long slots) => KvHeads * (layout.KeyWords(slots) + layout.ValueWords(slots));

    /// <summary>What global tokens' own keys, in whole panels, and values take in all layers.</summary>
    private long GlobalWords(in KvLayout layout, int tokens)
    {
        if (AttentionPattern != AttentionPatternKind.Longformer || GlobalsShared) return 0;
        return NumLayers * StoredWords(layout, Math.Min(GlobalTokens, tokens));
    }

    /// <summary>What lets positions learn of one another, in a few words: "8 heads of 64 (2 for keys and values)".</summary>
    public string DescribeMixer()
    {
        string heads = $"{NumHeads} heads of {HeadSize}";
        return Mixer switch
        {
            MixerKind.Attention => $"{heads} ({KvHeads} for keys and values{(ValueHeadSize == HeadSize ? "" : $", values of {ValueHeadSize}")})",
            MixerKind.AftFull when AftFactorSize == 0 => $"attention-free, a table of {MaxSeqLen} × {MaxSeqLen} biases",
            MixerKind.AftFull => $"attention-free, a bias for each two positions, of factors of {AftFactorSize}",
            MixerKind.AftLocal => $"attention-free, biases for positions less than {AftWindow} tokens apart",
            MixerKind.AftSimple => "attention-free, without biases",
            MixerKind.Linformer => $"Linformer, {heads}, keys and values projected to {LinformerSize}",
            MixerKind.Mamba => $"Mamba, {MambaChannels} channels of {MambaStateSize} states, a convolution over {MambaConvolutionWidth} tokens",
            _ => $"hard attention, {heads}, {(HardChunk == 1 ? "each query one token" : $"each query one chunk of {HardChunk} tokens")}",
        };
    }
}
