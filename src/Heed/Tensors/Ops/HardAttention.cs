using Heed.Kernels;

namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Hard attention (Xu et al. 2015, arXiv 1502.03044): every query draws one key, or one chunk of neighbouring keys, with the
    /// probability that softmax gives it, and gets its value; a chunk's is the softmax-weighted mean inside of it. The expected
    /// output is that of soft attention. Memory is queries·keys.
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
        int queries = q.Shape[1], keys = k.Shape[1];
        Tensor scores = (q * scale).Transpose(1, 2).MatMul(k.Permute(0, 2, 3, 1)); // [batch, heads, queries, keys]
        if (causal) scores = Tril(scores, keys - queries, double.NegativeInfinity);
        Tensor probabilities = Softmax(scores), values = v.Transpose(1, 2);
        int[] choices = Choose(probabilities, chunk, seed);
        (Tensor chosen, Tensor nothing) = Masks(choices, scores.Shape, chunk, q.Device);
        Tensor logProbability = ((probabilities * chosen).Sum(^1) + nothing).Log();
        Tensor output;
        if (gradient == HardAttentionGradient.Reinforce) output = Mean(scores, chosen, values);
        else
        {
            using (GradientTape.NoGrad()) output = Mean(scores, chosen, values);
            if (GradientTape.Watching(q, k, v) is { } tape)
            {
                GradientNode soft = probabilities.MatMul(values).Node!;
                tape.Record(output, soft.Add);
            }
        }
        return new HardAttentionResult(output.Transpose(1, 2), logProbability, choices);
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

    /// <summary>Softmax over the chosen keys alone, times the values: [batch, heads, queries, valueDim].</summary>
    private static Tensor Mean(Tensor scores, Tensor chosen, Tensor values) =>
        Softmax(Where(chosen, scores, Tensor.Full(new Shape(), double.NegativeInfinity, scores.Device))).MatMul(values);

    /// <summary>A chunk for each row of probabilities; −1 for a row of zeros.</summary>
    private static int[] Choose(Tensor probabilities, int chunk, ulong? seed)
    {
        int keys = probabilities.Shape[^1], rows = keys == 0 ? 0 : probabilities.ElementCount / keys;
        float[] all = probabilities.ToArray();
        int[] choices = new int[probabilities.Shape[0] * probabilities.Shape[1] * probabilities.Shape[2]];
        Array.Fill(choices, -1);
        double[] weights = new double[(keys + chunk - 1) / chunk];
        for (int row = 0; row < rows; row++)
        {
            Array.Clear(weights);
            for (int j = 0; j < keys; j++) weights[j / chunk] += all[row * keys + j];
            choices[row] = seed is { } stream ? Draw(weights, DropoutStream.Draw(DropoutStream.RowKey(stream, (ulong)row), 0) / 4294967296.0) : Greatest(weights);
        }
        return choices;
    }

    private static int Greatest(double[] weights)
    {
        int best = -1;
        for (int i = 0; i < weights.Length; i++)
            if (weights[i] > (best < 0 ? 0 : weights[best])) best = i;
        return best;
    }

    /// <summary>The first chunk at which the running sum passes <paramref name="point"/> of all; never one of no weight.</summary>
    private static int Draw(double[] weights, double point)
    {
        double left = point * weights.Sum();
        int last = -1;
        for (int i = 0; i < weights.Length; i++)
        {
            if (!(weights[i] > 0)) continue;
            last = i;
            left -= weights[i];
            if (left < 0) break;
        }
        return last;
    }

    /// <summary>1 at the chosen keys, [batch, heads, queries, keys]; and 1 for queries without a choice, [batch, heads, queries].</summary>
    private static (Tensor Chosen, Tensor Nothing) Masks(int[] choices, in Shape scores, int chunk, Device device)
    {
        int keys = scores[3];
        float[] chosen = new float[scores.ElementCount], nothing = new float[choices.Length];
        for (int row = 0; row < choices.Length; row++)
        {
            if (choices[row] < 0) nothing[row] = 1;
            else chosen.AsSpan(row * keys + choices[row] * chunk, Math.Min(chunk, keys - choices[row] * chunk)).Fill(1);
        }
        return (Tensor.From(chosen, scores, device), Tensor.From(nothing, new Shape(scores[0], scores[1], scores[2]), device));
    }
}
