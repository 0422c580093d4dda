using Heed.Kernels;

namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>The number of keys that lie side by side in a panel of stored keys.</summary>
    internal const int KeysPerPanel = 16;

    /// <summary>
    /// Stores this call's keys and values at their positions (−1 is not stored) and attends to all that are stored: query r
    /// sees keys up to positions[r]. Where slots roll, more tokens of a row than there is room for come in the order of their positions.
    /// The result is [batch, seq, heads·valueDim].
    /// </summary>
    internal static Tensor Attention(in HeadRange q, in HeadRange k, in HeadRange v, ReadOnlySpan<int> positions, StoredKeyValues stored,
        KvSlots slots, in AttentionOptions options, AttentionModifiers? modifiers = null)
    {
        if (GradientTape.Watching(q.Rows, k.Rows, v.Rows) is not null) ThrowNoGradient();
        if (slots.Rolls && (options.Window == 0 || options.Window > slots.Window))
            TensorErrors.Argument($"Attention: the window is {options.Window} (0: all keys); the slots that roll hold windows of up to {slots.Window}.");
        CheckPositions("Attention", positions, slots.Rolls ? int.MaxValue : slots.Count);
        Shape rows = q.Rows.Shape; // [batch, seq, (heads, headDim) or their product]
        Tensor result = Tensor.Allocate(new Shape(rows[0], rows[1], q.Count * stored.Layout.ValueDim), q.Rows.Device);
        if (q.Seq > slots.Room)
        {
            AttendInParts(q, k, v, positions, stored, slots.Room, options, modifiers, result);
            return result;
        }
        result.Backend.StoreKeyValues(k, v, positions, stored);
        result.Backend.Attention(q, stored, positions, default, options, result, modifiers);
        return result;
    }

    /// <summary>Row after row, in parts: what a part stores takes the slots of keys that the part before may still have seen.</summary>
    private static void AttendInParts(in HeadRange q, in HeadRange k, in HeadRange v, ReadOnlySpan<int> positions, StoredKeyValues stored,
        int room, in AttentionOptions options, AttentionModifiers? modifiers, Tensor result)
    {
        using TensorScope.Lease lease = TensorScope.Begin();
        for (int row = 0; row < q.Batch; row++)
        {
            StoredKeyValues own = stored.Row(row);
            for (int start = 0; start < q.Seq; start += room)
            {
                int count = Math.Min(room, q.Seq - start);
                ReadOnlySpan<int> at = positions.Slice(row * q.Seq + start, count);
                result.Backend.StoreKeyValues(k.Part(row, start, count), v.Part(row, start, count), at, own);
                result.Backend.Attention(q.Part(row, start, count), own, at, default, options, HeadRange.RowsOf(result, row, start, count), modifiers);
            }
        }
    }

    /// <summary>Stores keys and values at their positions; −1 is not stored.</summary>
    internal static void StoreKeyValues(in HeadRange k, in HeadRange v, ReadOnlySpan<int> positions, StoredKeyValues stored)
    {
        if (GradientTape.Watching(k.Rows, v.Rows) is not null) ThrowNoGradient();
        CheckPositions("Attention", positions, stored.Capacity);
        k.Rows.Backend.StoreKeyValues(k, v, positions, stored);
    }

    /// <summary>Attends to what is stored: query r of batch × seq sees keys up to limits[r]. The result is [batch, seq, heads·valueDim].</summary>
    internal static Tensor Attention(in HeadRange q, StoredKeyValues stored, ReadOnlySpan<int> limits, in AttentionOptions options)
    {
        if (GradientTape.Watching(q.Rows) is not null) ThrowNoGradient();
        Shape rows = q.Rows.Shape; // [batch, seq, (heads, headDim) or their product]
        Tensor result = Tensor.Allocate(new Shape(rows[0], rows[1], q.Count * stored.Layout.ValueDim), q.Rows.Device);
        q.Rows.Backend.Attention(q, stored, limits, default, options, result);
        return result;
    }

    private static void ThrowNoGradient() =>
        throw new InvalidOperationException("Attention: keys and values in a cache have no gradient; leave the cache out, or wrap the call in GradientTape.NoGrad().");
}
