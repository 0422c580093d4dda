using Heed.Distributed;
using Heed.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Heed.Training.Ranks;

/// <summary>
/// Adds up the gradients of a batch's parts in one binary tree, neighbours first, whose shape hangs on the number of parts alone: its lower
/// levels within a rank, its upper ones between ranks. So the sums have the same bits on any number of ranks.
/// </summary>
/// <param name="buckets">How the gradients lie.</param>
internal sealed class GradientTree(GradientBuckets buckets)
{
    private readonly Stack<(int Height, Tensor[] Sums)> _sums = [];
    private readonly Stack<Tensor[]> _free = [];

    /// <summary>Forgets sums that were begun.</summary>
    public void Clear()
    {
        while (_sums.TryPop(out (int, Tensor[] Sums) top)) _free.Push(top.Sums);
    }

    /// <summary>Memory for the next part's gradients, one tensor for each bucket; contents undefined.</summary>
    public Tensor[] Next()
    {
        if (!_free.TryPop(out Tensor[]? memory)) memory = [.. buckets.All.Select(bucket => Tensor.AllocateUnscoped(bucket.Shape, bucket.Device))];
        _sums.Push((0, memory));
        return memory;
    }

    /// <summary>Takes what was written to <see cref="Next"/>, and adds up subtrees of one height.</summary>
    public void Add()
    {
        while (_sums.Count > 1)
        {
            (int height, Tensor[] right) = _sums.Pop();
            (int other, Tensor[] left) = _sums.Pop();
            if (other != height)
            {
                _sums.Push((other, left));
                _sums.Push((height, right));
                return;
            }
            for (int i = 0; i < left.Length; i++) left[i].Backend.Binary(BinaryOp.Add, left[i], right[i], left[i]);
            _free.Push(right);
            _sums.Push((height + 1, left));
        }
    }

    /// <summary>Leaves the sums over this rank's parts in the buckets' memory.</summary>
    public void Take()
    {
        (_, Tensor[] sums) = _sums.Pop();
        for (int i = 0; i < sums.Length; i++) sums[i].AsSpan().CopyTo(buckets.All[i].Memory.AsSpan());
        _free.Push(sums);
    }

    /// <summary>Makes the values on every rank the sum over all, by halving and doubling between neighbours, then neighbours of pairs, and so on: 2·(n − 1)/n of the bytes.</summary>
    /// <param name="values">A multiple of the number of ranks.</param>
    /// <param name="ranks">A power of two of them.</param>
    public static void Reduce(Span<float> values, ICommunicator ranks)
    {
        if (ranks.Size == 1) return;
        float[] received = new float[values.Length / 2];
        Stack<(int Start, int Length)> halves = new();
        int start = 0, length = values.Length;
        for (int distance = 1; distance < ranks.Size; distance *= 2)
        {
            halves.Push((start, length));
            length /= 2;
            bool upper = (ranks.Rank & distance) != 0;
            int kept = upper ? start + length : start, given = upper ? start : start + length;
            ranks.Exchange<float>(values.Slice(given, length), received.AsSpan(0, length), ranks.Rank ^ distance);
            TensorPrimitives.Add(values.Slice(kept, length), received.AsSpan(0, length), values.Slice(kept, length));
            start = kept;
        }
        for (int distance = ranks.Size / 2; distance >= 1; distance /= 2)
        {
            (int from, int all) = halves.Pop();
            int other = start == from ? from + all / 2 : from;
            ranks.Exchange<float>(values.Slice(start, all / 2), received.AsSpan(0, all / 2), ranks.Rank ^ distance);
            received.AsSpan(0, all / 2).CopyTo(values.Slice(other, all / 2));
            start = from;
        }
    }
}
