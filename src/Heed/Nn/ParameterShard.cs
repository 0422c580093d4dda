using Heed.Distributed;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>Which part of a parameter a rank holds where several share a model.</summary>
/// <param name="Whole">The shape of the whole parameter.</param>
/// <param name="Slice">The part that this rank's tensor is.</param>
/// <param name="Ranks">Those that hold the other parts.</param>
public sealed record ParameterShard(Shape Whole, MatrixSlice Slice, ICommunicator Ranks)
{
    /// <summary>
    /// Rows of this rank's tensor, which some ranks hold alike, each with a part of their gradient: to be summed over those ranks
    /// after the backward pass. Null for none.
    /// </summary>
    public (int FirstRow, int Rows, ICommunicator Ranks)? PartialGradient { get; init; }

    /// <summary>One of as many equal shares of rows as there are ranks, in their order.</summary>
    internal static ParameterShard OfRows(in Shape part, ICommunicator ranks) => Rows(part, part[0] * ranks.Size, part[0] * ranks.Rank, ranks);

    /// <summary>Some rows of a parameter with <paramref name="all"/> rows.</summary>
    internal static ParameterShard Rows(in Shape part, int all, int first, ICommunicator ranks) =>
        new(part.WithAxis(0, all), new MatrixSlice([(first, part[0])]), ranks);

    /// <summary>One of as many equal shares of columns as there are ranks, in their order.</summary>
    internal static ParameterShard OfColumns(in Shape part, ICommunicator ranks) =>
        new(part.WithAxis(1, part[1] * ranks.Size), new MatrixSlice([(0, part[0])], part[1] * ranks.Rank, part[1]), ranks);

    /// <summary>A parameter that all ranks hold, each with a part of its gradient.</summary>
    internal static ParameterShard Shared(in Shape whole, ICommunicator ranks) =>
        new(whole, new MatrixSlice([(0, whole[0])]), ranks) { PartialGradient = (0, whole[0], ranks) };
}
