using Heed.Kernels;

namespace Heed.Tensors;

/// <content>What attention and feed-forward layers are made of.</content>
internal sealed partial class ReferenceBackend
{
    public void Rope(in HeadRange x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout, bool inverse = false)
    {
        int seq = x.Seq, heads = x.Count, pairs = cos.Shape[1];
        ReferenceView values = new(x.View()), cosines = new(cos), sines = new(sin);
        for (int r = 0; r < positions.Length; r++)
        {
            if (positions[r] < 0) continue;
            for (int h = 0; h < heads; h++)
                for (int i = 0; i < pairs; i++)
                {
                    (int first, int second) = layout == RopeLayout.Interleaved ? (2 * i, 2 * i + 1) : (i, i + pairs);
                    ref double a = ref values.At(r / seq, r % seq, h, first);
                    ref double b = ref values.At(r / seq, r % seq, h, second);
                    double c = cosines.At(positions[r], i), s = sines.At(positions[r], i) * (inverse ? -1 : 1);
                    (a, b) = (a * c - b * s, a * s + b * c);
                }
        }
    }

    public void Gated(Activation activation, Tensor x, Tensor destination, float beta = 1)
    {
        int hidden = destination.Shape[^1];
        ReferenceView source = new(x), target = new(destination);
        for (int r = 0; r < RowsOf(destination); r++)
            for (int i = 0; i < hidden; i++)
                target[r * hidden + i] = Value(activation, source[2 * r * hidden + i], beta) * source[(2 * r + 1) * hidden + i];
    }

    public void StoreKeyValues(in HeadRange keys, in HeadRange values, ReadOnlySpan<int> positions, StoredKeyValues stored)
    {
        int seq = keys.Seq, kvHeads = keys.Count;
        ReferenceView k = new(keys.View()), v = new(values.View()), panels = new(stored.Keys), rows = new(stored.Values);
        for (int r = 0; r < positions.Length; r++)
        {
            int batch = r / seq, position = positions[r];
            if (position < 0) continue;
            int slot = stored.PlacesOf(batch, out int memory).Of(position);
            for (int h = 0; h < kvHeads; h++)
            {
                double[] key = Rounded(k, batch, r % seq, h, keys.Dim, stored.Layout.Type), value = Rounded(v, batch, r % seq, h, values.Dim, stored.Layout.Type);
                for (int i = 0; i < key.Length; i++) panels.At(memory, h, slot / Ops.KeysPerPanel, i * Ops.KeysPerPanel + slot % Ops.KeysPerPanel) = key[i];
                for (int i = 0; i < value.Length; i++) rows.At(memory, h, slot, i) = value[i];
            }
        }
    }

    /// <summary>One head's key or value as it is when it is read again.</summary>
    private static double[] Rounded(in ReferenceView heads, int batch, int row, int head, int dim, KvCacheType type)
    {
        double[] exact = new double[dim];
        for (int i = 0; i < dim; i++) exact[i] = heads.At(batch, row, head, i);
        if (type == KvCacheType.F32) return exact;
        float[] rounded = [.. exact.Select(x => (float)x)];
        KvRounding.Round(type, rounded);
        return [.. rounded.Select(x => (double)x)];
    }

    public void Attention(in HeadRange q, StoredKeyValues stored, ReadOnlySpan<int> limits, ReadOnlySpan<int> firstKeys,
        in AttentionOptions options, Tensor destination, AttentionModifiers? modifiers = null)
    {
        int seq = q.Seq, heads = q.Count, kvHeads = stored.KvHeads;
        Tensor queries = q.View(), target = destination.Reshape(new Shape(q.Batch, seq, heads, stored.Layout.ValueDim));
        for (int r = 0; r < limits.Length; r++)
        {
            int first = firstKeys.Length == 0 ? 0 : firstKeys[r / seq];
            if (options.Window > 0) first = Math.Max(first, limits[r] - options.Window + 1);
            for (int h = 0; h < heads; h++)
                AttendOne(queries, stored, r / seq, r % seq, h, h * kvHeads / heads, first, limits[r], options, modifiers, target);
        }
    }

    /// <summary>One query of one head over keys first … limit.</summary>
    private static void AttendOne(Tensor q, StoredKeyValues stored, int batch, int query, int head, int kvHead, int first, int limit,
        in AttentionOptions options, AttentionModifiers? modifiers, Tensor destination)
    {
        ReferenceView queries = new(q), panels = new(stored.Keys), values = new(stored.Values), target = new(destination);
        KvPlaces places = stored.PlacesOf(batch, out int memory);
        double[] weights = new double[Math.Max(0, limit - first + 1)];
        for (int j = 0; j < weights.Length; j++)
        {
            int key = first + j, slot = places.Of(key);
            double dot = 0;
            for (int i = 0; i < q.Shape[3]; i++)
                dot += queries.At(batch, query, head, i) * panels.At(memory, kvHead, slot / Ops.KeysPerPanel, i * Ops.KeysPerPanel + slot % Ops.KeysPerPanel);
            double score = dot * options.Scale;
            weights[j] = options.SoftCap > 0 ? options.SoftCap * Math.Tanh(score / options.SoftCap) : score;
            if (modifiers?.Distances is { } distances) weights[j] += new ReferenceView(distances).At(head, distances.Shape[1] - 1 + key - limit);
            if (modifiers?.Runs is { } runs && !runs.Sees(batch * q.Shape[1] + query, key)) weights[j] = double.NegativeInfinity;
        }
        KeepGreatest(weights, modifiers?.TopK ?? 0);
        double logSumExp = LogSumExp(weights, SinkOf(modifiers, head));
        for (int j = 0; j < weights.Length; j++) weights[j] = double.IsNegativeInfinity(weights[j]) ? 0 : Math.Exp(weights[j] - logSumExp);
        for (int i = 0; i < stored.Layout.ValueDim; i++)
        {
            double sum = 0;
            for (int j = 0; j < weights.Length; j++) sum += weights[j] * values.At(memory, kvHead, places.Of(first + j), i);
            target.At(batch, query, head, i) = sum;
        }
    }
}
