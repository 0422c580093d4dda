using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>
/// One residual block: x + mixer(norm(x)), the mixer being attention as a rule, then x + feedForward(norm(x)); with norms after the additions
/// norm(x + mixer(x)), then norm(x + feedForward(x)). In a decoder beside an encoder x + cross(norm(x), memory) comes between the two.
/// </summary>
[System.Runtime.CompilerServices.SkipLocalsInit]
public sealed class TransformerBlock
{
    private readonly int _layer, _crossLayer;
    private readonly bool _normsAfter;
    private readonly string _mixerScope;

    internal TransformerBlock(ModelConfig config, IWeightSource weights, int layer, RotaryPositions? rotary, DistanceBiases? biases)
    {
        int hidden = config.HiddenSize;
        int inner = config.FeedForwardSize;
        _layer = layer;
        // Numbers of its own, so that cross attention drops other elements than the mixer.
        _crossLayer = config.NumLayers + layer;
        _mixerScope = config.Mixer == MixerKind.Attention ? WeightNames.Attention : WeightNames.Mixer;
        _normsAfter = config.NormPlacement == NormPlacement.Post;
        AttentionNorm = NormOf(config, weights, WeightNames.AttentionNorm, hidden);
        Mixer = config.Mixer == MixerKind.Attention ? BlockAttention.Of(config, weights, layer, rotary, biases) : BlockMixers.Of(config, weights);
        FeedForwardNorm = NormOf(config, weights, WeightNames.FeedForwardNorm, hidden);
        FeedForward = new FeedForward(
            weights.Linear(WeightNames.Up, hidden, config.GatedFeedForward ? 2 * inner : inner, config.FeedForwardBias),
            weights.Linear(WeightNames.Down, inner, hidden, config.FeedForwardBias),
            config.Activation, config.GatedFeedForward, config.SwishBeta);
        if (config.Encoder is not null)
        {
            int heads = config.NumHeads, kvHeads = config.KvHeads, headDim = config.HeadSize, valueDim = config.ValueHeadSize;
            CrossNorm = NormOf(config, weights, WeightNames.CrossNorm, hidden);
            Cross = new CrossAttention(
                weights.Linear(WeightNames.CrossQuery, hidden, heads * headDim, config.QkvBias),
                weights.Linear(WeightNames.CrossKeyValue, hidden, kvHeads * (headDim + valueDim), config.QkvBias),
                weights.Linear(WeightNames.CrossOutput, heads * valueDim, hidden, config.AttentionOutputBias),
                heads, kvHeads, config.AttentionOptionsOf(layer) with { Window = 0 });
            if (config.PostNorms) CrossPostNorm = NormOf(config, weights, WeightNames.CrossPostNorm, hidden);
        }
        if (!config.PostNorms) return;
        AttentionPostNorm = NormOf(config, weights, WeightNames.AttentionPostNorm, hidden);
        FeedForwardPostNorm = NormOf(config, weights, WeightNames.FeedForwardPostNorm, hidden);
    }

    /// <summary>The norm before attention, or after it is added.</summary>
    public Norm AttentionNorm { get; }

    /// <summary>What lets positions learn of one another: attention, or what stands in its place.</summary>
    public SequenceMixer Mixer { get; }

    /// <summary>The attention part.</summary>
    /// <exception cref="InvalidOperationException">Another mixer is in its place.</exception>
    public SelfAttention Attention => Mixer as SelfAttention
        ?? throw new InvalidOperationException($"TransformerBlock: the block has no attention, but a {Mixer.GetType().Name}; see {nameof(Mixer)}.");

    /// <summary>The norm of the attention's output, or null.</summary>
    public Norm? AttentionPostNorm { get; }

    /// <summary>The norm before cross attention, or after it is added; null where there is none.</summary>
    public Norm? CrossNorm { get; }

    /// <summary>What looks at an encoder's output, or null.</summary>
    public CrossAttention? Cross { get; }

    /// <summary>The norm of cross attention's output, or null.</summary>
    public Norm? CrossPostNorm { get; }

    /// <summary>The norm before the feed-forward part, or after it is added.</summary>
    public Norm FeedForwardNorm { get; }

    /// <summary>The feed-forward part.</summary>
    public FeedForward FeedForward { get; }

    /// <summary>The norm of the feed-forward part's output, or null.</summary>
    public Norm? FeedForwardPostNorm { get; }

    /// <summary>What the block can learn, under names that begin with <paramref name="name"/>.</summary>
    public IEnumerable<Parameter> Parameters(string name) =>
    [
        .. AttentionNorm.Parameters($"{name}.{WeightNames.AttentionNorm}"),
        .. Mixer.Parameters($"{name}.{_mixerScope}"),
        .. AttentionPostNorm?.Parameters($"{name}.{WeightNames.AttentionPostNorm}") ?? [],
        .. CrossNorm?.Parameters($"{name}.{WeightNames.CrossNorm}") ?? [],
        .. Cross?.Parameters($"{name}.{WeightNames.Cross}") ?? [],
        .. CrossPostNorm?.Parameters($"{name}.{WeightNames.CrossPostNorm}") ?? [],
        .. FeedForwardNorm.Parameters($"{name}.{WeightNames.FeedForwardNorm}"),
        .. FeedForward.Up.Parameters($"{name}.{WeightNames.Up}"),
        .. FeedForward.Down.Parameters($"{name}.{WeightNames.Down}"),
        .. FeedForwardPostNorm?.Parameters($"{name}.{WeightNames.FeedForwardPostNorm}") ?? [],
    ];

    /// <summary>What belongs to the block's state though no gradient reaches it, under names that begin with <paramref name="name"/>.</summary>
    public IEnumerable<Parameter> Buffers(string name) =>
    [
        .. AttentionNorm.Buffers($"{name}.{WeightNames.AttentionNorm}"),
        .. Mixer.Buffers($"{name}.{_mixerScope}"),
        .. AttentionPostNorm?.Buffers($"{name}.{WeightNames.AttentionPostNorm}") ?? [],
        .. FeedForwardNorm.Buffers($"{name}.{WeightNames.FeedForwardNorm}"),
        .. FeedForwardPostNorm?.Buffers($"{name}.{WeightNames.FeedForwardPostNorm}") ?? [],
    ];

    /// <summary>A layer or tensor of the mixer, by its name within the block; null if there is none.</summary>
    internal object? LayerOfMixer(string name) => name.StartsWith($"{_mixerScope}.", StringComparison.Ordinal)
        ? Mixer.Layers.FirstOrDefault(part => part.Name == name[(_mixerScope.Length + 1)..]).Layer
        : null;

    /// <summary>The block's output; it may be written over x where the pass stores to a cache.</summary>
    internal Tensor Forward(Tensor x, in ForwardPass pass)
    {
        using TensorScope.Lease lease = TensorScope.Begin();
        bool training = pass.IsTraining;
        Tensor mixed = Mixer.Inner(Before(AttentionNorm, x, training), pass, _layer);
        x = After(AttentionNorm, Add(x, mixed, Mixer.Output, AttentionPostNorm, pass.Rows, DropoutPlace.AttentionOutput, _layer), training);
        if (Cross is not null) x = LookAt(Cross, CrossNorm!, x, pass);
        Tensor inner = FeedForward.Inner(Before(FeedForwardNorm, x, training), pass.Rows?.AdapterSeed(_layer, DropoutPlace.UpAdapter));
        x = After(FeedForwardNorm, Add(x, inner, FeedForward.Down, FeedForwardPostNorm, pass.Rows, DropoutPlace.FeedForwardOutput, _layer), training);
        return lease.Return(x);
    }

    internal static Norm NormOf(ModelConfig config, IWeightSource weights, string name, int size)
    {
        IWeightSource scope = weights.Scope(name);
        Tensor weight = scope.Tensor("weight", new Shape(size));
        if (config.Norm == NormKind.Rms) return new RmsNorm(weight, config.NormEpsilon);
        Tensor bias = scope.Tensor("bias", new Shape(size));
        if (config.Norm == NormKind.Layer) return new LayerNorm(weight, bias, config.NormEpsilon);
        Tensor mean = scope.Tensor(WeightNames.RunningMean, new Shape(size)), variance = scope.Tensor(WeightNames.RunningVariance, new Shape(size));
        return new BatchNorm(weight, bias, mean, variance, config.NormEpsilon);
    }

    private Tensor LookAt(CrossAttention cross, Norm norm, Tensor x, in ForwardPass pass)
    {
        CrossMemory memory = pass.Memory ?? throw new InvalidOperationException("Forward: the model has an encoder, which has read nothing; pass sources, or call Encode with the cache first.");
        bool training = pass.IsTraining;
        AttentionDropout dropout = pass.Rows?.DropProbabilities(_crossLayer, cross.Heads, x.Shape[1]) ?? default;
        Tensor found = cross.Inner(Before(norm, x, training), memory, _layer, dropout);
        return After(norm, Add(x, found, cross.Output, CrossPostNorm, pass.Rows, DropoutPlace.AttentionOutput, _crossLayer), training);
    }

    private Tensor Before(Norm norm, Tensor x, bool training) => _normsAfter ? x : norm.Forward(x, training);

    private Tensor After(Norm norm, Tensor x, bool training) => _normsAfter ? norm.Forward(x, training) : x;

    private static Tensor Add(Tensor x, Tensor branch, Linear output, Norm? postNorm, OwnRows? rows, DropoutPlace place, int layer)
    {
        if (rows is null && postNorm is null) return output.ForwardAdd(branch, x);
        DropoutPlace adapter = place == DropoutPlace.AttentionOutput ? DropoutPlace.AttentionOutputAdapter : DropoutPlace.DownAdapter;
        Tensor y = output.Forward(branch, rows?.AdapterSeed(layer, adapter));
        if (postNorm is not null) y = postNorm.Forward(y, rows is { IsTraining: true });
        return rows is null ? Ops.AddInPlace(x, y) : x + rows.Drop(y, layer, place);
    }
}
