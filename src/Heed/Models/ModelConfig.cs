using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>
/// Everything that tells one Llama-family model from another: sizes, and the choices of the families (biases, norms,
/// positions, soft-caps). Defaults are Llama 2 7B's. One <see cref="Transformer"/> runs them all.
/// </summary>
public sealed partial record ModelConfig
{
    /// <summary>The family's name as its files give it, for messages: "llama", "qwen2", "gpt2".</summary>
    public string Architecture { get; init; } = "llama";

    /// <summary>The size of the residual stream.</summary>
    public int HiddenSize { get; init; } = 4096;

    /// <summary>The inner size of the feed-forward part; null for Llama's rule, see <see cref="FeedForwardSize"/>.</summary>
    public int? IntermediateSize { get; init; }

    /// <summary>What <see cref="FeedForwardSize"/> rounds up to.</summary>
    public int MultipleOf { get; init; } = 256;

    /// <summary>The number of blocks.</summary>
    public int NumLayers { get; init; } = 32;

    /// <summary>The number of query heads.</summary>
    public int NumHeads { get; init; } = 32;

    /// <summary>The number of key/value heads; null for as many as query heads.</summary>
    public int? NumKvHeads { get; init; }

    /// <summary>The size of a head; null for hidden size / heads.</summary>
    public int? HeadDim { get; init; }

    /// <summary>The size of a value head, d_v, of which the output layer gets one for each query head; null for the size of a head, d_k. Attention's alone.</summary>
    public int? ValueHeadDim { get; init; }

    /// <summary>The number of tokens.</summary>
    public int VocabSize { get; init; } = 32000;

    /// <summary>The longest sequence.</summary>
    public int MaxSeqLen { get; init; } = 2048;

    /// <summary>Which norm.</summary>
    public NormKind Norm { get; init; } = NormKind.Rms;

    /// <summary>Where the blocks normalise; after the additions there is no norm before the output layer.</summary>
    public NormPlacement NormPlacement { get; init; } = NormPlacement.Pre;

    /// <summary>ε of the norms.</summary>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>The feed-forward part's function.</summary>
    public Activation Activation { get; init; } = Activation.Silu;

    /// <summary>β of <see cref="Activation.Swish"/>, x·σ(βx).</summary>
    public float SwishBeta { get; init; } = 1;

    /// <summary>Whether the feed-forward part is gated: SwiGLU, GeGLU, ReGLU, or GLU by <see cref="Activation"/>.</summary>
    public bool GatedFeedForward { get; init; } = true;

    /// <summary>Whether the output layer is the embedding table.</summary>
    public bool TieEmbeddings { get; init; }

    /// <summary>Whether queries, keys and values have biases.</summary>
    public bool QkvBias { get; init; }

    /// <summary>Whether the attention's output layer has a bias.</summary>
    public bool AttentionOutputBias { get; init; }

    /// <summary>Whether the feed-forward layers have biases.</summary>
    public bool FeedForwardBias { get; init; }

    /// <summary>Whether query and key heads are normalised (Qwen 3).</summary>
    public bool QkNorm { get; init; }

    /// <summary>Whether attention and feed-forward outputs are normalised before they are added (Gemma 2).</summary>
    public bool PostNorms { get; init; }

    /// <summary>How positions are told apart.</summary>
    public PositionKind Positions { get; init; } = PositionKind.Rotary;

    /// <summary>How the sines and cosines of <see cref="PositionKind.Sinusoidal"/> lie.</summary>
    public SinusoidalLayout SinusoidalLayout { get; init; } = SinusoidalLayout.Interleaved;

    /// <summary>Into how many buckets <see cref="PositionKind.Relative"/> sorts distances.</summary>
    public int RelativeBuckets { get; init; } = 32;

    /// <summary>From this distance on all keys are in the last bucket of <see cref="PositionKind.Relative"/>.</summary>
    public int RelativeMaxDistance { get; init; } = 128;

    /// <summary>The base of the rotary angles.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>How many elements of a head turn; null for all.</summary>
    public int? RotaryDim { get; init; }

    /// <summary>Which elements of a head form a pair.</summary>
    public RopeLayout RopeLayout { get; init; } = RopeLayout.Interleaved;

    /// <summary>How rotary angles are stretched.</summary>
    public RopeScaling RopeScaling { get; init; } = RopeScaling.None;

    /// <summary>
    /// Whether a token also sees those after it in its row or document (an encoder, BERT: Devlin et al. 2018, arXiv 1810.04805)
    /// instead of those before it alone. Such a model fills gaps and has no cache.
    /// </summary>
    public bool Bidirectional { get; init; }

    /// <summary>
    /// A query sees at most this many keys, its own included; with <see cref="Bidirectional"/> at most this many to either side
    /// of its own; 0 for all.
    /// </summary>
    public int Window { get; init; }

    /// <summary>The window holds in every layer whose number is divisible by this: 1 all layers, 2 every second one.</summary>
    public int WindowEvery { get; init; } = 1;

    /// <summary>The window holds in no layer before this one (Qwen 2).</summary>
    public int WindowFrom { get; init; }

    /// <summary>Multiplies q·k; null for 1/√headDim.</summary>
    public float? AttentionScale { get; init; }

    /// <summary>Attention scores become c·tanh(score/c); 0 for none.</summary>
    public float AttentionSoftCap { get; init; }

    /// <summary>A query keeps as many of the keys that it sees, those of the greatest scores; 0 for all (Zhao et al. 2019, arXiv 1912.11637).</summary>
    public int AttentionTopK { get; init; }

    /// <summary>Logits become c·tanh(logit/c); 0 for none.</summary>
    public float LogitSoftCap { get; init; }

    /// <summary>Multiplies the embeddings; √hiddenSize in Gemma.</summary>
    public float EmbeddingScale { get; init; } = 1;

    /// <summary>
    /// The rate of dropout in training: of the embeddings, of attention's probabilities, and of the outputs of the attention
    /// and feed-forward parts.
    /// </summary>
    public float Dropout { get; init; }

    /// <summary>Which of a larger model's heads these are, the first one and the number of all, where ranks share it; null for all of them.</summary>
    internal (int First, int All)? HeadShare { get; init; }

    /// <summary>The number of key/value heads, worked out.</summary>
    public int KvHeads => NumKvHeads ?? NumHeads;

    /// <summary>The size of a head, worked out.</summary>
    public int HeadSize => HeadDim ?? HiddenSize / NumHeads;

    /// <summary>The size of a value head, worked out.</summary>
    public int ValueHeadSize => ValueHeadDim ?? HeadSize;

    /// <summary>The rows of the fused layer that makes queries, keys and values.</summary>
    internal int QkvSize => checked((NumHeads + KvHeads) * HeadSize + KvHeads * ValueHeadSize);

    /// <summary>The inner size of the feed-forward part, worked out.</summary>
    public int FeedForwardSize => IntermediateSize ?? FeedForwardRule(HiddenSize, MultipleOf);

    /// <summary>How many elements of a head turn, worked out.</summary>
    public int RotarySize => RotaryDim ?? HeadSize;

    /// <summary>Llama's inner size: ⅔ of 4·hidden, times <paramref name="multiplier"/>, rounded up to <paramref name="multipleOf"/>.</summary>
    public static int FeedForwardRule(int hiddenSize, int multipleOf, double multiplier = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(multipleOf, 1);
        long inner = (long)(multiplier * (2L * 4 * hiddenSize / 3));
        return checked((int)((inner + multipleOf - 1) / multipleOf * multipleOf));
    }

    /// <summary>The options of a layer's attention.</summary>
    public AttentionOptions AttentionOptionsOf(int layer) => new(
        AttentionScale ?? 1 / MathF.Sqrt(HeadSize), AttentionSoftCap, layer >= WindowFrom && layer % WindowEvery == 0 ? Window : 0);

    /// <summary>The number of learned numbers.</summary>
    public long ParameterCount()
    {
        long hidden = HiddenSize, keys = (long)KvHeads * HeadSize, values = (long)KvHeads * ValueHeadSize, inner = FeedForwardSize;
        long qkv = (long)NumHeads * HeadSize + keys + values, heads = (long)NumHeads * ValueHeadSize;
        long norms = Norm == NormKind.Rms ? 1 : 2, norm = norms * hidden;
        long block = Mixer == MixerKind.Attention ? hidden * qkv + (QkvBias ? qkv : 0) + heads * hidden + (AttentionOutputBias ? hidden : 0) : MixerParameterCount();
        block += (GatedFeedForward ? 3 : 2) * hidden * inner;
        if (FeedForwardBias) block += (GatedFeedForward ? 2 : 1) * inner + hidden;
        block += (PostNorms ? 4 : 2) * norm + (QkNorm ? norms * 2 * HeadSize : 0) + PatternParameterCount();
        long total = VocabSize * hidden * (TieEmbeddings ? 1 : 2) + NumLayers * block + (NormPlacement == NormPlacement.Pre ? norm : 0);
        if (Encoder is not null) total += EncoderParameterCount();
        return Positions switch
        {
            PositionKind.Learned => total + MaxSeqLen * hidden,
            PositionKind.Relative => total + (long)RelativeBuckets * NumHeads,
            _ => total,
        };
    }

    /// <summary>Checks that the sizes make a model.</summary>
    /// <exception cref="ArgumentException">A size is out of range or two do not fit; the message names them.</exception>
    public ModelConfig Validate()
    {
        Within(HiddenSize, nameof(HiddenSize), 1 << 20);
        Within(NumLayers, nameof(NumLayers), 1 << 14);
        Within(NumHeads, nameof(NumHeads), 1 << 16);
        Within(VocabSize, nameof(VocabSize), 1 << 28);
        Within(MaxSeqLen, nameof(MaxSeqLen), int.MaxValue);
        Within(KvHeads, nameof(NumKvHeads), 1 << 16);
        Within(HeadSize, nameof(HeadDim), 1 << 16);
        Within(ValueHeadSize, nameof(ValueHeadDim), 1 << 16);
        Within(MultipleOf, nameof(MultipleOf), 1 << 24);
        Within(FeedForwardSize, nameof(IntermediateSize), 1 << 26);
        Within(WindowEvery, nameof(WindowEvery), int.MaxValue);
        if (HeadDim is null && HiddenSize % NumHeads != 0)
            throw new ArgumentException($"ModelConfig: HiddenSize {HiddenSize} is not divisible by NumHeads {NumHeads}; set HeadDim.");
        if (NumHeads % KvHeads != 0)
            throw new ArgumentException($"ModelConfig: NumHeads {NumHeads} is not divisible by NumKvHeads {KvHeads}.");
        if (Positions == PositionKind.Rotary && (RotarySize % 2 != 0 || RotarySize > HeadSize || RotarySize <= 0))
            throw new ArgumentException($"ModelConfig: RotaryDim is {RotarySize}; expected an even number up to the head size {HeadSize}.");
        Defined(Norm);
        Defined(NormPlacement);
        Defined(Activation);
        Defined(Positions);
        Defined(SinusoidalLayout);
        ValidatePattern();
        ValidateMixer();
        ValidateEncoder();
        if (PostNorms && NormPlacement == NormPlacement.Post)
            throw new ArgumentException("ModelConfig: PostNorms are second norms beside those before each part; expected NormPlacement.Pre.");
        ValidateNumbers();
        if (Positions == PositionKind.Relative && (RelativeBuckets is < 4 or > 1 << 20 || RelativeMaxDistance <= RelativeBuckets / 2))
            throw new ArgumentException($"ModelConfig: RelativeBuckets is {RelativeBuckets}, RelativeMaxDistance {RelativeMaxDistance}; expected 4 or more buckets, and a distance above half of their number.");
        if (AttentionTopK < 0) throw new ArgumentException($"ModelConfig: AttentionTopK is {AttentionTopK}; expected 0 (all) or more.");
        if (Window < 0) throw new ArgumentException($"ModelConfig: Window is {Window}; expected 0 (none) or more.");
        if (WindowFrom < 0) throw new ArgumentException($"ModelConfig: WindowFrom is {WindowFrom}; expected 0 or more.");
        return this;
    }

    private static void Defined<T>(T value) where T : struct, Enum
    {
        if (!Enum.IsDefined(value)) throw new ArgumentException($"ModelConfig: {typeof(T).Name} is {value}; expected one of {string.Join(", ", Enum.GetNames<T>())}.");
    }

    // Far beyond any model, and small enough that products of two sizes do not overflow.
    private static void Within(int value, string name, int limit)
    {
        if (value < 1 || value > limit) throw new ArgumentException($"ModelConfig: {name} is {value}; expected 1 {(limit == int.MaxValue ? "or more" : $"to {limit}")}.");
    }
}
