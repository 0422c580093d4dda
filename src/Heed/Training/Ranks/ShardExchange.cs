using Heed.Distributed;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Training.Ranks;

/// <summary>A parameter of which ranks have shards, brought together on the first of them and shared out from there. A whole one stays as it is.</summary>
internal static class ShardExchange
{
    /// <summary>A tensor of the whole size; the parameter's own where that is whole.</summary>
    public static Parameter Place(Parameter parameter) => parameter.Shard is not { Ranks.Rank: 0 } shard
        ? parameter
        : parameter with { Value = Tensor.AllocateUnscoped(shard.Whole, parameter.Value.Device), Shard = null };

    /// <summary>Collective among the shards' ranks: the whole parameter, on the first of them.</summary>
    public static Parameter GatherTo0(Parameter parameter)
    {
        if (parameter.Shard is not { } shard || shard.Ranks.Size == 1) return parameter;
        float[] own = parameter.Value.ToArray();
        if (shard.Ranks.Rank > 0)
        {
            Describe(shard);
            shard.Ranks.Send<float>(own, 0);
            return parameter;
        }
        Parameter whole = Place(parameter);
        Copy(own, shard.Slice, whole.Value, toWhole: true);
        for (int rank = 1; rank < shard.Ranks.Size; rank++)
        {
            MatrixSlice slice = Described(shard, rank);
            float[] part = new float[SizeOf(slice, shard.Whole)];
            shard.Ranks.Receive(part.AsSpan(), rank);
            Copy(part, slice, whole.Value, toWhole: true);
        }
        return whole;
    }

    /// <summary>Collective among the shards' ranks: gives each its part of what the first of them has.</summary>
    /// <param name="parameter">This rank's shard, which is written to.</param>
    /// <param name="whole">The whole; used on the first rank alone.</param>
    public static void ScatterFrom0(Parameter parameter, Parameter whole)
    {
        if (parameter.Shard is not { } shard || shard.Ranks.Size == 1) return;
        float[] own = new float[parameter.Value.ElementCount];
        if (shard.Ranks.Rank > 0)
        {
            Describe(shard);
            shard.Ranks.Receive(own.AsSpan(), 0);
        }
        else
        {
            for (int rank = 1; rank < shard.Ranks.Size; rank++)
            {
                MatrixSlice slice = Described(shard, rank);
                float[] part = new float[SizeOf(slice, shard.Whole)];
                Copy(part, slice, whole.Value, toWhole: false);
                shard.Ranks.Send<float>(part, rank);
            }
            Copy(own, shard.Slice, whole.Value, toWhole: false);
        }
        parameter.Value.BeginWrite("Resume");
        own.CopyTo(parameter.Value.AsSpan());
    }

    private static void Describe(ParameterShard shard)
    {
        int[] slice = [shard.Slice.FirstColumn, shard.Slice.Columns, .. shard.Slice.Rows.SelectMany(range => (int[])[range.First, range.Count])];
        shard.Ranks.Send<int>([slice.Length], 0);
        shard.Ranks.Send<int>(slice, 0);
    }

    private static MatrixSlice Described(ParameterShard shard, int rank)
    {
        Span<int> length = [0];
        shard.Ranks.Receive(length, rank);
        int[] slice = new int[length[0]];
        shard.Ranks.Receive(slice.AsSpan(), rank);
        return new MatrixSlice([.. Enumerable.Range(0, (slice.Length - 2) / 2).Select(i => (slice[2 + 2 * i], slice[3 + 2 * i]))], slice[0], slice[1]);
    }

    private static int RowSize(in Shape whole) => whole.ElementCount / Math.Max(1, whole[0]);

    private static int ColumnsOf(MatrixSlice slice, in Shape whole) => slice.Columns == 0 ? RowSize(whole) - slice.FirstColumn : slice.Columns;

    private static int SizeOf(MatrixSlice slice, in Shape whole) => slice.RowCount * ColumnsOf(slice, whole);

    private static void Copy(float[] part, MatrixSlice slice, Tensor whole, bool toWhole)
    {
        int row = RowSize(whole.Shape), columns = ColumnsOf(slice, whole.Shape), at = 0;
        foreach ((int first, int count) in slice.Rows)
            for (int r = first; r < first + count; r++, at += columns)
            {
                Span<float> there = whole.AsSpan().Slice(r * row + slice.FirstColumn, columns), here = part.AsSpan(at, columns);
                if (toWhole) here.CopyTo(there);
                else there.CopyTo(here);
            }
    }
}
