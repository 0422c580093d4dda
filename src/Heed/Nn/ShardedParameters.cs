using System.Buffers;
using System.Numerics;
using Heed.Distributed;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>What ranks that share a model do with its parameters in training, checkpoints and export. All of it is collective, with parameters in the same order.</summary>
internal static class ShardedParameters
{
    /// <summary>
    /// Sums the gradients of which several ranks have a part each (<see cref="ParameterShard.PartialGradient"/>), once after all backward passes of a step.
    /// </summary>
    public static void SumPartialGradients(IEnumerable<Parameter> parameters)
    {
        foreach (IGrouping<ICommunicator, Tensor> group in parameters.Where(parameter => parameter.Shard?.PartialGradient is not null && parameter.Value.Gradient is not null)
            .GroupBy(parameter => parameter.Shard!.PartialGradient!.Value.Ranks, PartOf))
        {
            Tensor[] parts = [.. group];
            if (parts[0].DType == DType.Float32) SumTogether<float>(parts, group.Key);
            else SumTogether<double>(parts, group.Key);
        }
    }

    /// <summary>Σg² over the whole model, each number once, in double; the same on all ranks. Partial gradients must have been summed.</summary>
    public static double SquaredGradientNorm(IEnumerable<Parameter> parameters)
    {
        double shared = 0, alike = 0;
        ICommunicator? ranks = null;
        foreach (Parameter parameter in parameters)
        {
            if (parameter.Value.Gradient is not { } gradient) continue;
            double squares = gradient.Backend.SquaredNorm(gradient);
            if (parameter.Shard is not { } shard)
            {
                alike += squares;
                continue;
            }
            ranks ??= shard.Ranks;
            shared += shard.PartialGradient is not { Ranks.Rank: > 0 } partial ? squares : SquaresBeside(gradient, partial.FirstRow, partial.Rows);
        }
        Span<double> sum = [shared];
        ranks?.AllReduce(sum);
        return sum[0] + alike;
    }

    /// <summary>The whole of what each rank has a part of, on rank 0, where it may be <paramref name="part"/> itself; null on the others.</summary>
    /// <param name="part">The parameter, or what belongs to each of its elements.</param>
    /// <param name="shard">Which part it is.</param>
    public static Tensor? Gather(Tensor part, ParameterShard shard)
    {
        if (part.Shape == shard.Whole) return shard.Ranks.Rank == 0 ? part : null;
        return part.DType == DType.Float32 ? Gather<float>(part, shard) : Gather<double>(part, shard);
    }

    /// <summary>Gives every rank its part of what rank 0 has.</summary>
    /// <param name="whole">On rank 0; null on the others.</param>
    /// <param name="part">Is written to.</param>
    /// <param name="shard">Which part it is.</param>
    public static void Scatter(Tensor? whole, Tensor part, ParameterShard shard)
    {
        if (part.DType == DType.Float32) Scatter<float>(whole, part, shard);
        else Scatter<double>(whole, part, shard);
    }

    private static Tensor? Gather<T>(Tensor part, ParameterShard shard)
        where T : unmanaged
    {
        ICommunicator ranks = shard.Ranks;
        ReadOnlySpan<T> own = part.Contiguous().Span<T>(part.ElementCount);
        if (ranks.Rank > 0)
        {
            SendPlace(shard, 0);
            ranks.Send(own, 0);
            return null;
        }
        Tensor whole = Tensor.AllocateUnscoped(shard.Whole, part.Device);
        Span<T> all = whole.Span<T>(whole.ElementCount);
        new Stretches(shard.Whole, shard.Slice).Write(own, all);
        for (int rank = 1; rank < ranks.Size; rank++)
        {
            Stretches place = ReceivePlace(shard, rank);
            T[] values = new T[place.Count];
            ranks.Receive<T>(values, rank);
            place.Write<T>(values, all);
        }
        return whole;
    }

    private static void Scatter<T>(Tensor? whole, Tensor part, ParameterShard shard)
        where T : unmanaged
    {
        ICommunicator ranks = shard.Ranks;
        part.BeginWrite("Scatter");
        Span<T> own = part.Span<T>(part.ElementCount);
        if (ranks.Rank > 0)
        {
            SendPlace(shard, 0);
            ranks.Receive(own, 0);
            return;
        }
        if (whole is null || whole.Shape != shard.Whole) throw new ArgumentException($"Scatter: whole has shape {whole?.Shape}; expected {shard.Whole}.", nameof(whole));
        ReadOnlySpan<T> all = whole.Contiguous().Span<T>(whole.ElementCount);
        for (int rank = 1; rank < ranks.Size; rank++)
        {
            Stretches place = ReceivePlace(shard, rank);
            T[] values = new T[place.Count];
            place.Read(all, values);
            ranks.Send<T>(values, rank);
        }
        new Stretches(shard.Whole, shard.Slice).Read(all, own);
    }

    private static void SendPlace(ParameterShard shard, int to)
    {
        MatrixSlice slice = shard.Slice;
        shard.Ranks.Send<int>([slice.Rows.Count, slice.FirstColumn, slice.Columns], to);
        shard.Ranks.Send<int>([.. slice.Rows.SelectMany(range => (int[])[range.First, range.Count])], to);
    }

    private static Stretches ReceivePlace(ParameterShard shard, int from)
    {
        Span<int> head = stackalloc int[3];
        shard.Ranks.Receive(head, from);
        int[] rows = new int[2 * head[0]];
        shard.Ranks.Receive<int>(rows, from);
        return new Stretches(shard.Whole, new MatrixSlice([.. rows.Chunk(2).Select(range => (range[0], range[1]))], head[1], head[2]));
    }

    /// <summary>The rows of a gradient that are a part, all of one tensor if it is a vector's elements.</summary>
    private static Tensor PartOf(Parameter parameter)
    {
        (int first, int rows, _) = parameter.Shard!.PartialGradient!.Value;
        return parameter.Value.Gradient!.Slice(0, first, rows);
    }

    private static void SumTogether<T>(Tensor[] parts, ICommunicator ranks)
        where T : unmanaged, INumber<T>
    {
        int total = parts.Sum(part => part.ElementCount), at = 0;
        T[] rented = ArrayPool<T>.Shared.Rent(total);
        Span<T> all = rented.AsSpan(0, total);
        foreach (Tensor part in parts)
        {
            part.Span<T>(part.ElementCount).CopyTo(all[at..]);
            at += part.ElementCount;
        }
        ranks.AllReduce(all);
        at = 0;
        foreach (Tensor part in parts)
        {
            all.Slice(at, part.ElementCount).CopyTo(part.Span<T>(part.ElementCount));
            at += part.ElementCount;
        }
        ArrayPool<T>.Shared.Return(rented);
    }

    /// <summary>The squares of all rows but some.</summary>
    private static double SquaresBeside(Tensor gradient, int first, int rows)
    {
        int end = first + rows, after = gradient.Shape[0] - end;
        double squares = first == 0 ? 0 : gradient.Backend.SquaredNorm(gradient.Slice(0, 0, first));
        return after == 0 ? squares : squares + gradient.Backend.SquaredNorm(gradient.Slice(0, end, after));
    }

    /// <summary>Where a slice's rows lie in the whole.</summary>
    private readonly struct Stretches(Shape whole, MatrixSlice slice)
    {
        private readonly int _width = whole.Rank == 1 ? 1 : whole[1];

        private int Columns => whole.Rank == 1 ? 1 : slice.Columns == 0 ? _width - slice.FirstColumn : slice.Columns;

        public int Count => slice.RowCount * Columns;

        public void Write<T>(ReadOnlySpan<T> part, Span<T> all)
        {
            int columns = Columns, at = 0;
            foreach ((int first, int count) in slice.Rows)
                for (int row = first; row < first + count; row++, at += columns)
                    part.Slice(at, columns).CopyTo(all[(row * _width + FirstColumn)..]);
        }

        public void Read<T>(ReadOnlySpan<T> all, Span<T> part)
        {
            int columns = Columns, at = 0;
            foreach ((int first, int count) in slice.Rows)
                for (int row = first; row < first + count; row++, at += columns)
                    all.Slice(row * _width + FirstColumn, columns).CopyTo(part[at..]);
        }

        private int FirstColumn => whole.Rank == 1 ? 0 : slice.FirstColumn;
    }
}
