using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>
/// Hard attention, some queries at a time: what is as wide as the keys is there for <see cref="Rows"/> queries at once, and the
/// backward pass computes it again.
/// </summary>
internal sealed class HardAttentionBlocks
{
    /// <summary>The queries of a block.</summary>
    public const int Rows = 64;

    private readonly float _scale;
    private readonly int _chunk, _heads, _queries, _keys;
    private readonly bool _causal;
    private readonly ulong? _seed;

    /// <param name="q">[batch, queries, heads, headDim].</param>
    /// <param name="keys">The number of keys.</param>
    /// <param name="scale">Multiplies q·k.</param>
    /// <param name="causal">Query i sees key j only if j ≤ i + keys − queries.</param>
    /// <param name="chunk">The number of keys in a chunk.</param>
    /// <param name="seed">Which draw; null for the most probable one.</param>
    public HardAttentionBlocks(Tensor q, int keys, float scale, bool causal, int chunk, ulong? seed)
    {
        (_heads, _queries, _keys, _scale, _causal, _seed) = (q.Shape[2], q.Shape[1], keys, scale, causal, seed);
        _chunk = Math.Min(chunk, Math.Max(1, keys));
        Choices = new int[q.Shape[0] * _heads * _queries];
        Array.Fill(Choices, -1);
    }

    /// <summary>The number of the chosen chunk for each of batch × heads × queries; −1 for a query that sees nothing.</summary>
    public int[] Choices { get; }

    /// <summary>Chooses, and writes what was chosen, [batch, heads, queries, valueDim], and ln of its probability, [batch, heads, queries], over zeros.</summary>
    public void Forward(Tensor q, Tensor k, Tensor v, Tensor output, Tensor logProbability)
    {
        foreach ((int first, int count) in All())
        {
            using TensorScope.Lease lease = TensorScope.Begin();
            (Tensor mean, Tensor log) = Compute(q, k, v, first, count, choose: true);
            output.Slice(2, first, count).Assign(mean);
            logProbability.Slice(2, first, count).Assign(log);
        }
    }

    /// <summary>Records the backward step of one of the results.</summary>
    public void Record(GradientTape tape, Tensor q, Tensor k, Tensor v, Tensor result, bool isOutput)
    {
        GradientNode?[] nodes = [q.Node, k.Node, v.Node];
        SavedTensor[] saved = [tape.Save(q, "HardAttention"), tape.Save(k, "HardAttention"), tape.Save(v, "HardAttention")];
        tape.Record(result, gradient =>
        {
            // The inputs lead to the first pass's nodes, so that their gradients arrive there.
            Tensor[] inputs = [.. saved.Select(tensor => tensor.Value.Hold())];
            try
            {
                for (int i = 0; i < inputs.Length; i++) inputs[i].Node = nodes[i];
                foreach ((int first, int count) in All())
                {
                    using TensorScope.Lease lease = TensorScope.Begin();
                    using GradientTape inner = new();
                    (Tensor mean, Tensor log) = Compute(inputs[0], inputs[1], inputs[2], first, count, choose: false);
                    Tensor again = isOutput ? mean : log;
                    if (again.Node is not null) inner.Backward(again, gradient.Slice(2, first, count));
                }
            }
            finally
            {
                foreach (Tensor input in inputs) input.Release();
            }
        });
    }

    /// <summary>The blocks of those queries that see anything.</summary>
    private IEnumerable<(int First, int Count)> All()
    {
        int begin = _keys == 0 ? _queries : _causal ? Math.Max(0, _queries - _keys) : 0;
        for (int first = begin; first < _queries; first += Rows) yield return (first, Math.Min(Rows, _queries - first));
    }

    private (Tensor Mean, Tensor LogProbability) Compute(Tensor q, Tensor k, Tensor v, int first, int count, bool choose)
    {
        int seen = _causal ? first + count + _keys - _queries : _keys;
        Tensor values = v.Slice(1, 0, seen).Transpose(1, 2);
        Tensor scores = (q.Slice(1, first, count) * _scale).Transpose(1, 2).MatMul(k.Slice(1, 0, seen).Permute(0, 2, 3, 1)); // [batch, heads, count, seen]
        if (_causal) scores = Ops.Tril(scores, seen - count, double.NegativeInfinity);
        Tensor probabilities = Ops.Softmax(scores);
        if (choose) Choose(probabilities, first);
        (Tensor chosen, Tensor nothing) = Masks(scores.Shape, first, q.Device);
        Tensor log = ((probabilities * chosen).Sum(^1) + nothing).Log();
        Tensor mean = Ops.Softmax(Ops.Where(chosen, scores, Tensor.Full(new Shape(), double.NegativeInfinity, q.Device))).MatMul(values);
        return (mean, log);
    }

    /// <summary>The place of a block's row among the choices.</summary>
    private int PlaceOf(int row, int first, int count) => row / count * _queries + first + row % count;

    private void Choose(Tensor probabilities, int first)
    {
        int count = probabilities.Shape[2], keys = probabilities.Shape[3];
        float[] all = probabilities.ToArray();
        double[] weights = new double[(keys + _chunk - 1) / _chunk];
        for (int row = 0; row < all.Length / keys; row++)
        {
            int place = PlaceOf(row, first, count);
            Array.Clear(weights);
            for (int j = 0; j < keys; j++) weights[j / _chunk] += all[row * keys + j];
            Choices[place] = _seed is { } stream ? Draw(weights, DropoutStream.Draw(DropoutStream.RowKey(stream, (ulong)place), 0) / 4294967296.0) : Greatest(weights);
        }
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

    /// <summary>1 at the chosen keys, shaped as scores; and 1 for queries without a choice, [batch, heads, count].</summary>
    private (Tensor Chosen, Tensor Nothing) Masks(in Shape scores, int first, Device device)
    {
        int count = scores[2], keys = scores[3];
        float[] chosen = new float[scores.ElementCount], nothing = new float[scores[0] * scores[1] * count];
        for (int row = 0; row < nothing.Length; row++)
        {
            int choice = Choices[PlaceOf(row, first, count)];
            if (choice < 0) nothing[row] = 1;
            else chosen.AsSpan(row * keys + choice * _chunk, Math.Min(_chunk, keys - choice * _chunk)).Fill(1);
        }
        return (Tensor.From(chosen, scores, device), Tensor.From(nothing, new Shape(scores[0], scores[1], count), device));
    }
}
