using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>One pre-norm residual block: x + attention(norm(x)), then x + feedForward(norm(x)).</summary>
[System.Runtime.CompilerServices.SkipLocalsInit]
public sealed class TransformerBlock
{
    internal TransformerBlock(ModelConfig config, IWeightSource weights, int layer, RotaryPositions? rotary)
    {
        int hidden = config.HiddenSize, heads = config.NumHeads, kvHeads = config.KvHeads, headDim = config.HeadSize;
        int inner = config.FeedForwardSize;
        AttentionNorm = NormOf(config, weights, WeightNames.AttentionNorm, hidden);
        Attention = new SelfAttention(
            weights.Linear(WeightNames.Qkv, hidden, (heads + 2 * kvHeads) * headDim, config.QkvBias),
            weights.Linear(WeightNames.AttentionOutput, heads * headDim, hidden, config.AttentionOutputBias),
            kvHeads, headDim, config.AttentionOptionsOf(layer))
        {
            Rotary = rotary,
            QueryNorm = config.QkNorm ? NormOf(config, weights, WeightNames.QueryNorm, headDim) : null,
            KeyNorm = config.QkNorm ? NormOf(config, weights, WeightNames.KeyNorm, headDim) : null,
        };
        FeedForwardNorm = NormOf(config, weights, WeightNames.FeedForwardNorm, hidden);
        FeedForward = new FeedForward(
            weights.Linear(WeightNames.Up, hidden, config.GatedFeedForward ? 2 * inner : inner, config.FeedForwardBias),
            weights.Linear(WeightNames.Down, inner, hidden, config.FeedForwardBias),
            config.Activation, config.GatedFeedForward);
        if (!config.PostNorms) return;
        AttentionPostNorm = NormOf(config, weights, WeightNames.AttentionPostNorm, hidden);
        FeedForwardPostNorm = NormOf(config, weights, WeightNames.FeedForwardPostNorm, hidden);
    }

    /// <summary>The norm before attention.</summary>
    public Norm AttentionNorm { get; }

    /// <summary>The attention part.</summary>
    public SelfAttention Attention { get; }

    /// <summary>The norm of the attention's output, or null.</summary>
    public Norm? AttentionPostNorm { get; }

    /// <summary>The norm before the feed-forward part.</summary>
    public Norm FeedForwardNorm { get; }

    /// <summary>The feed-forward part.</summary>
    public FeedForward FeedForward { get; }

    /// <summary>The norm of the feed-forward part's output, or null.</summary>
    public Norm? FeedForwardPostNorm { get; }

    /// <summary>The block's output, which may be written over x. Arguments as in <see cref="SelfAttention.Heads"/>.</summary>
    internal Tensor Forward(Tensor x, ReadOnlySpan<int> positions, Tensor keys, Tensor values, int length)
    {
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor heads = Attention.Heads(AttentionNorm.Forward(x), positions, keys, values, length);
        x = Add(x, heads, Attention.Output, AttentionPostNorm);
        Tensor inner = FeedForward.Inner(FeedForwardNorm.Forward(x));
        x = Add(x, inner, FeedForward.Down, FeedForwardPostNorm);
        return lease.Return(x);
    }

    internal static Norm NormOf(ModelConfig config, IWeightSource weights, string name, int size)
    {
        IWeightSource scope = weights.Scope(name);
        Tensor weight = scope.Tensor("weight", new Shape(size));
        return config.Norm == NormKind.Rms
            ? new RmsNorm(weight, config.NormEpsilon)
            : new LayerNorm(weight, scope.Tensor("bias", new Shape(size)), config.NormEpsilon);
    }

    private static Tensor Add(Tensor x, Tensor branch, Linear output, Norm? postNorm) => postNorm is null
        ? output.ForwardAdd(branch, x)
        : Ops.AddInPlace(x, postNorm.Forward(output.Forward(branch)));
}
