using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <content>Global tokens with projections of their own (Longformer, section 3.1): they see nothing by those of all tokens, and this is added.</content>
public sealed partial class SelfAttention
{
    private Tensor AddGlobals(Tensor mixed, Tensor x, GlobalProjections own, in ForwardPass pass, int layer)
    {
        if (pass.Rows is null) return AddStored(mixed, x, own, pass, layer);
        GlobalRows globals = pass.Rows.Globals(own.Tokens);
        return globals.Count == 0 ? mixed : mixed + GlobalsWithinRows(x, own, globals, pass.Rows, layer);
    }

    /// <summary>What global tokens find in their documents, [batch, seq, heads·valueDim]; zeros for the others.</summary>
    private Tensor GlobalsWithinRows(Tensor x, GlobalProjections own, GlobalRows globals, OwnRows rows, int layer)
    {
        int batch = x.Shape[0], seq = x.Shape[1], hidden = x.Shape[2];
        Tensor tokens = Ops.Gather(x.Reshape(Shape.Of(batch * seq, hidden)), globals.Tokens).Reshape(new Shape(batch, globals.Count, hidden));
        HeadRange q = GlobalQueries(own, tokens, globals.Positions, rows.Length);
        (HeadRange k, HeadRange v) = globals.SeesAll
            ? GlobalKeyValues(own, x, rows.Positions, rows.Length)
            : GlobalKeyValues(own, tokens, globals.Positions, rows.Length);
        AttentionModifiers? modifiers = Modifiers(null);
        if (Distances is not null) modifiers = WithDistances(modifiers ?? new AttentionModifiers(), globals, batch, seq);
        // Another stream than that of the other tokens' probabilities.
        AttentionDropout dropout = rows.DropProbabilities(layer, q.Count, q.Seq, stream: 1);
        Tensor found = Observed(q, k, v, globals.Limits, globals.Firsts, options with { Window = 0 }, dropout, modifiers, rows, layer); // [batch, globals, heads·valueDim]
        int size = found.Shape[2];
        Tensor all = Ops.Concat(0, found.Reshape(Shape.Of(batch * globals.Count, size)), Tensor.Zeros(Shape.Of(1, size), x.Device));
        return Ops.Gather(all, globals.Places).Reshape(new Shape(batch, seq, size));
    }

    /// <summary>Global tokens of a document lie side by side as in their rows; but of keys that stay in their columns each is at a distance of its own.</summary>
    private AttentionModifiers WithDistances(AttentionModifiers modifiers, GlobalRows globals, int batch, int seq)
    {
        if (!globals.SeesAll) return modifiers with { Distances = Distances!.Between(globals.Count) };
        Tensor table = Distances!.Between(seq); // [heads, 2·seq − 1]
        Tensor[] rows = [.. globals.Tokens.Select(token => table.Slice(1, seq - 1 - token % seq, seq))];
        Tensor bias = Ops.Concat(0, rows).Reshape(new Shape(batch, globals.Count, _heads, seq)); // [batch, globals, heads, seq]
        return modifiers with { Bias = bias.Transpose(1, 2).Contiguous() };
    }

    /// <summary>The same for tokens that are added to a cache, where global ones see those up to their own, which are all global.</summary>
    private Tensor AddStored(Tensor mixed, Tensor x, GlobalProjections own, in ForwardPass pass, int layer)
    {
        int seq = x.Shape[1], batch = x.Shape[0];
        (int first, int end) = ColumnsBefore(own.Tokens, pass.Positions, seq);
        if (first >= end) return mixed;
        int count = end - first;
        int[] positions = new int[batch * count];
        for (int i = 0; i < positions.Length; i++)
            positions[i] = pass.Positions[i / count * seq + first + i % count] is var position && position < own.Tokens ? position : -1;
        Tensor tokens = count == seq ? x : x.Slice(1, first, count).Contiguous();
        HeadRange q = GlobalQueries(own, tokens, positions, pass.Length);
        (HeadRange k, HeadRange v) = GlobalKeyValues(own, tokens, positions, pass.Length);
        StoredKeyValues stored = pass.Cache!.Globals(layer, own.Tokens);
        Tensor found = Ops.Attention(q, k, v, positions, stored, new KvSlots(stored.Slots), options with { Window = 0 }, Modifiers(Distances?.Before(pass.Length)));
        if (count == seq) return Ops.AddInPlace(mixed, found);
        Tensor place = mixed.Slice(1, first, count);
        place.Assign(place + found);
        return mixed;
    }

    /// <summary>The columns that hold positions below a bound in some row.</summary>
    private static (int First, int End) ColumnsBefore(int bound, ReadOnlySpan<int> positions, int seq)
    {
        int first = seq, end = 0;
        for (int i = 0; i < positions.Length; i++)
            if (positions[i] >= 0 && positions[i] < bound) (first, end) = (Math.Min(first, i % seq), Math.Max(end, i % seq + 1));
        return (first, end);
    }

    private HeadRange GlobalQueries(GlobalProjections own, Tensor tokens, ReadOnlySpan<int> positions, int length)
    {
        HeadRange q = new(own.Query.Forward(tokens), 0, _heads, headDim);
        if (QueryNorm is not null) q = new HeadRange(QueryNorm.Forward(q.View(), training: false));
        Rotary?.Apply(q, positions, length);
        return q;
    }

    private (HeadRange Keys, HeadRange Values) GlobalKeyValues(GlobalProjections own, Tensor tokens, ReadOnlySpan<int> positions, int length)
    {
        Tensor all = own.KeyValue.Forward(tokens); // [batch, seq, kvHeads·(headDim + valueDim)]
        HeadRange k = new(all, 0, kvHeads, headDim), v = new(all, 0, kvHeads, _valueDim, kvHeads * headDim);
        if (KeyNorm is not null) k = new HeadRange(KeyNorm.Forward(k.View(), training: false));
        Rotary?.Apply(k, positions, length);
        return (k, v);
    }
}
