using Heed.Distributed;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>What ranks that share a model's matrices exchange, with its gradients: all ranks call the same, in the same order, forward and backward.</summary>
internal static class Collectives
{
    /// <summary>x, which is the same on all ranks and goes into the shards of a layer; backward their gradients' sum.</summary>
    public static Tensor Spread(Tensor x, ICommunicator ranks) => GradientTape.Watching(x) is { } tape ? RecordSpread(tape, x, ranks) : x;

    /// <summary>The sum of all ranks' x, the same bits on all, written over x where it is not being recorded; backward each rank gets the whole gradient.</summary>
    public static Tensor Sum(Tensor x, ICommunicator ranks)
    {
        if (GradientTape.Watching(x) is { } tape) return RecordSum(tape, x, ranks);
        Tensor sum = x.Contiguous();
        Reduce(sum, ranks);
        return sum;
    }

    /// <summary>This rank's stretch of the sum of all ranks' rows; backward the gradients of all stretches.</summary>
    /// <param name="x">[…, rows, columns], the ranks' parts of a sum; overwritten where it is not being recorded.</param>
    /// <param name="ranks">As many as divide the rows.</param>
    /// <returns>[…, rows / ranks, columns].</returns>
    public static Tensor SumAndScatterRows(Tensor x, ICommunicator ranks)
    {
        if (x.Shape[^2] % ranks.Size != 0) throw new ArgumentException($"SumAndScatterRows: {ranks.Size} ranks share the {x.Shape[^2]} rows of {x.Shape}; expected a multiple of {ranks.Size}.", nameof(x));
        if (GradientTape.Watching(x) is not { } tape) return Scattered(x.Contiguous(), ranks);
        GradientNode node = x.Node!;
        Tensor result;
        using (GradientTape.NoGrad()) result = Scattered(x.Clone(), ranks);
        tape.Record(result, gradient => node.Add(Gathered(gradient, ranks)));
        return result;
    }

    /// <summary>All ranks' stretches of rows; backward this rank's stretch of the gradients' sum.</summary>
    /// <param name="x">[…, rows, columns].</param>
    /// <param name="ranks">Whose stretches they are.</param>
    /// <returns>[…, rows · ranks, columns].</returns>
    public static Tensor GatherRows(Tensor x, ICommunicator ranks)
    {
        if (GradientTape.Watching(x) is not { } tape) return Gathered(x, ranks);
        GradientNode node = x.Node!;
        Tensor result;
        using (GradientTape.NoGrad()) result = Gathered(x, ranks);
        tape.Record(result, gradient => node.Add(Scattered(gradient.Clone(), ranks)));
        return result;
    }

    /// <summary>The columns of all ranks side by side, the same on all; backward each rank gets the gradient of its own.</summary>
    /// <param name="x">[…, the rank's columns].</param>
    /// <param name="ranges">How the columns are shared out.</param>
    /// <param name="ranks">Whose they are.</param>
    /// <returns>[…, all columns].</returns>
    public static Tensor GatherColumns(Tensor x, VocabularyRanges ranges, ICommunicator ranks)
    {
        Tensor source = x.Contiguous(), all = Tensor.Allocate(x.Shape.WithLast(ranges.Count), x.Device);
        if (x.DType == DType.Float32) Gather(source.Span<float>(source.ElementCount), ranges, all.Span<float>(all.ElementCount), ranks, x.Device);
        else Gather(source.Span<double>(source.ElementCount), ranges, all.Span<double>(all.ElementCount), ranks, x.Device);
        if (GradientTape.Watching(source) is { } tape) RecordGather(tape, source, ranges, ranks, all);
        return all;
    }

    /// <summary>Sums, or takes the greatest of, a contiguous tensor's elements over the ranks, in place.</summary>
    public static void Reduce(Tensor x, ICommunicator ranks, Reduction reduction = Reduction.Sum)
    {
        if (x.DType == DType.Float32) ranks.AllReduce(x.Span<float>(x.ElementCount), reduction);
        else ranks.AllReduce(x.Span<double>(x.ElementCount), reduction);
    }

    private static Tensor RecordSpread(GradientTape tape, Tensor x, ICommunicator ranks)
    {
        GradientNode node = x.Node!;
        Tensor result;
        using (GradientTape.NoGrad()) result = x.Reshape(x.Shape);
        tape.Record(result, gradient => node.Add(SumOf(gradient, ranks)));
        return result;
    }

    private static Tensor RecordSum(GradientTape tape, Tensor x, ICommunicator ranks)
    {
        GradientNode node = x.Node!;
        Tensor sum;
        using (GradientTape.NoGrad()) sum = SumOf(x, ranks);
        tape.Record(sum, node.Add);
        return sum;
    }

    private static void RecordGather(GradientTape tape, Tensor x, VocabularyRanges ranges, ICommunicator ranks, Tensor all)
    {
        GradientNode node = x.Node!;
        (int first, int count) = ranges[ranks.Rank];
        tape.Record(all, gradient => node.Add(gradient.Slice(^1, first, count)));
    }

    private static Tensor Scattered(Tensor all, ICommunicator ranks)
    {
        Tensor part = Tensor.Allocate(all.Shape.WithAxis(all.Rank - 2, all.Shape[^2] / ranks.Size), all.Device);
        if (all.DType == DType.Float32) ranks.ReduceScatter(all.Span<float>(all.ElementCount), part.Span<float>(part.ElementCount));
        else ranks.ReduceScatter(all.Span<double>(all.ElementCount), part.Span<double>(part.ElementCount));
        return part;
    }

    private static Tensor Gathered(Tensor x, ICommunicator ranks)
    {
        Tensor part = x.Contiguous(), all = Tensor.Allocate(x.Shape.WithAxis(x.Rank - 2, x.Shape[^2] * ranks.Size), x.Device);
        if (x.DType == DType.Float32) ranks.AllGather<float>(part.Span<float>(part.ElementCount), all.Span<float>(all.ElementCount));
        else ranks.AllGather<double>(part.Span<double>(part.ElementCount), all.Span<double>(all.ElementCount));
        return all;
    }

    private static Tensor SumOf(Tensor x, ICommunicator ranks)
    {
        Tensor sum = Tensor.Allocate(x.Shape, x.Device);
        x.Backend.Copy(x, sum);
        Reduce(sum, ranks);
        return sum;
    }

    /// <summary>Ranges are padded to the widest one while they travel.</summary>
    private static void Gather<T>(ReadOnlySpan<T> part, VocabularyRanges ranges, Span<T> all, ICommunicator ranks, Device device)
        where T : unmanaged
    {
        int own = ranges[ranks.Rank].Count, rows = part.Length / own;
        if (rows == 1 && ranges.AreEqual)
        {
            ranks.AllGather(part, all);
            return;
        }
        using TensorScope.Lease lease = TensorScope.Begin();
        int size = rows * ranges.Widest;
        using Tensor buffer = Tensor.Allocate(Shape.Of(ranks.Size + 1, size), device);
        Span<T> parts = buffer.Span<T>((ranks.Size + 1) * size), sent = parts[(ranks.Size * size)..];
        part.CopyTo(sent);
        sent[part.Length..].Clear();
        ranks.AllGather<T>(sent, parts[..(ranks.Size * size)]);
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            (int first, int count) = ranges[rank];
            for (int row = 0; row < rows; row++)
                parts.Slice(rank * size + row * count, count).CopyTo(all.Slice(row * ranges.Count + first, count));
        }
    }
}
