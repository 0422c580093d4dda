using Heed.Kernels;

namespace Heed.Tensors;

/// <content>The scores of attention over rows, from the formula.</content>
internal sealed partial class ReferenceBackend
{
    /// <summary>The scores of one row of all keys, −∞ where a key is hidden.</summary>
    private static double[] FinalScores(in AttentionCall call, int batch, int head, int query)
    {
        double[] scores = new double[call.K.Seq];
        for (int key = 0; key < scores.Length; key++)
        {
            scores[key] = double.NegativeInfinity;
            if (!Sees(call, batch, head, query, key)) continue;
            double bias = BiasOf(call, batch, head, query, key);
            if (!double.IsNegativeInfinity(bias)) scores[key] = CappedScore(call, batch, head, query, key) + bias;
        }
        KeepGreatest(scores, call.Modifiers?.TopK ?? 0);
        return scores;
    }

    private static void KeepGreatest(double[] scores, int k)
    {
        if (k == 0) return;
        // The greatest first, NaN before all; the order of keys stays among equals.
        IEnumerable<int> order = Enumerable.Range(0, scores.Length).OrderByDescending(key => double.IsNaN(scores[key]) ? double.PositiveInfinity : scores[key]);
        foreach (int key in order.Skip(k).ToArray()) scores[key] = double.NegativeInfinity;
    }

    private static double CappedScore(in AttentionCall call, int batch, int head, int query, int key)
    {
        ReferenceView queries = HeadsOf(call.Q), keys = HeadsOf(call.K);
        double dot = 0;
        for (int i = 0; i < call.Q.Dim; i++) dot += queries.At(batch, query, head, i) * keys.At(batch, key, head * call.K.Count / call.Q.Count, i);
        double score = dot * call.Options.Scale, cap = call.Options.SoftCap;
        return cap > 0 ? cap * Math.Tanh(score / cap) : score;
    }

    private static bool Sees(in AttentionCall call, int batch, int head, int query, int key)
    {
        int row = batch * call.Q.Seq + query, limit = call.Limits[row];
        if (key > limit || (call.Firsts.Length > 0 && key < call.Firsts[row]) || (call.Options.Window > 0 && key <= limit - call.Options.Window)) return false;
        if (call.Modifiers?.Tiles is not { } tiles) return true;
        int list = tiles.MapOf(batch, head) * tiles.QueryTiles + query / MaskTiles.TileSize;
        for (int entry = tiles.Starts[list]; entry < tiles.Starts[list + 1]; entry++)
        {
            if (tiles.KeyTiles[entry] != key / MaskTiles.TileSize) continue;
            ulong bits = tiles.Bits[entry] < 0 ? ulong.MaxValue : tiles.RowBits[tiles.Bits[entry] * MaskTiles.TileSize + query % MaskTiles.TileSize];
            return (bits >> (key % MaskTiles.TileSize) & 1) != 0;
        }
        return false;
    }

    private static double BiasOf(in AttentionCall call, int batch, int head, int query, int key)
    {
        double bias = 0;
        if (call.Modifiers?.Distances is { } distances) bias += new ReferenceView(distances).At(head, key - query + call.Q.Seq - 1);
        if (call.Modifiers?.Bias is { } tensor) bias += AtBroadcast(tensor, batch, head, query, key);
        return bias;
    }

    private static ref double AtBroadcast(Tensor bias, int batch, int head, int query, int key) =>
        ref new ReferenceView(bias).At(bias.Shape[0] == 1 ? 0 : batch, bias.Shape[1] == 1 ? 0 : head, bias.Shape[2] == 1 ? 0 : query, key);

    private static void AddToBiases(AttentionModifiers? gradients, int queries, int batch, int head, int query, int key, double slope)
    {
        if (gradients?.Distances is { } distances) new ReferenceView(distances).At(head, key - query + queries - 1) += slope;
        if (gradients?.Bias is { } bias) AtBroadcast(bias, batch, head, query, key) += slope;
    }

    private static double SinkOf(AttentionModifiers? modifiers, int head) =>
        modifiers?.Sinks is { } sinks ? new ReferenceView(sinks)[head] : double.NegativeInfinity;

    /// <summary>ln Σ exp(score), the sink's included; −∞ where every key is hidden.</summary>
    private static double LogSumExp(double[] scores, double sink)
    {
        if (scores.All(double.IsNegativeInfinity)) return double.NegativeInfinity;
        double max = Math.Max(scores.Max(), sink);
        return max + Math.Log(Math.Exp(sink - max) + scores.Sum(score => Math.Exp(score - max)));
    }
}
