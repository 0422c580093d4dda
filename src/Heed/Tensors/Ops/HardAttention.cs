namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Hard attention (Xu et al. 2015, arXiv 1502.03044): every query draws one key, or one chunk of neighbouring keys, with the
    /// probability that softmax gives it, and gets its value; a chunk's is the softmax-weighted mean inside of it. The expected
    /// output is that of soft attention. Memory grows with the keys, not with queries·keys: the backward pass computes scores again.
    /// </summary>
    /// <param name="q">[batch, queries, heads, headDim].</param>
    /// <param name="k">[batch, keys, heads, headDim].</param>
    /// <param name="v">[batch, keys, heads, valueDim].</param>
    /// <param name="scale">Multiplies q·k; 1/√headDim for plain attention.</param>
    /// <param name="causal">Query i sees key j only if j ≤ i + keys − queries.</param>
    /// <param name="chunk">The number of keys in a chunk; 1 draws single keys.</param>
    /// <param name="seed">Which draw: the same seed gives the same choices. Null takes the most probable one, the first of equals.</param>
    /// <param name="gradient">How gradients pass the choice.</param>
    /// <exception cref="ArgumentException">Shapes or devices do not fit.</exception>
    public static HardAttentionResult HardAttention(Tensor q, Tensor k, Tensor v, float scale, bool causal = true, int chunk = 1, ulong? seed = null,
        HardAttentionGradient gradient = HardAttentionGradient.StraightThrough)
    {
        CheckAttention(q, k, v, default);
        if (k.Shape[2] != q.Shape[2]) TensorErrors.WrongShape("HardAttention", "k", k.Shape, $"{q.Shape[2]} heads, as q");
        ArgumentOutOfRangeException.ThrowIfLessThan(chunk, 1);
        int batch = q.Shape[0], queries = q.Shape[1], heads = q.Shape[2];
        HardAttentionBlocks blocks = new(q, k.Shape[1], scale, causal, chunk, seed);
        Tensor output = Tensor.Zeros(new Shape(batch, heads, queries, v.Shape[3]), q.Device), logProbability = Tensor.Zeros(new Shape(batch, heads, queries), q.Device);
        using (GradientTape.NoGrad()) blocks.Forward(q, k, v, output, logProbability);
        if (GradientTape.Watching(q, k, v) is not { } tape) return new HardAttentionResult(output.Transpose(1, 2), logProbability, blocks.Choices);
        blocks.Record(tape, q, k, v, logProbability, isOutput: false);
        if (gradient == HardAttentionGradient.Reinforce) blocks.Record(tape, q, k, v, output, isOutput: true);
        Tensor result = output.Transpose(1, 2); // [batch, queries, heads, valueDim]
        if (gradient == HardAttentionGradient.StraightThrough)
        {
            GradientNode soft = Attention(q, k, v, new AttentionOptions(scale), causal).Node!;
            tape.Record(result, soft.Add);
        }
        return new HardAttentionResult(result, logProbability, blocks.Choices);
    }

    /// <summary>
    /// The loss whose gradient is REINFORCE's estimate (Williams 1992): −Σ (reward − baseline)·ln p(choice). Going down it makes choices
    /// with rewards above the baseline more probable.
    /// </summary>
    /// <param name="logProbability">Of the choices, from <see cref="HardAttention"/>, [batch, heads, queries].</param>
    /// <param name="rewards">Of each choice, or broadcast to them; taken as numbers, no gradient goes into them.</param>
    /// <param name="baseline">What is expected of each choice; it must not depend on the choice itself. 0 if null.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Reinforce(Tensor logProbability, Tensor rewards, Tensor? baseline = null)
    {
        Tensor advantage;
        using (GradientTape.NoGrad()) advantage = baseline is null ? rewards.BroadcastTo(logProbability.Shape) : (rewards - baseline).BroadcastTo(logProbability.Shape);
        using (GradientTape.NoGrad()) advantage = advantage.Clone();
        return -(logProbability * advantage).Sum();
    }
}
