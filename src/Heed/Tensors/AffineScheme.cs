using Heed.Kernels.Strips;

namespace Heed.Tensors;

/// <summary>How a matrix is quantized to affine 8-bit numbers, scale·(q − zeroPoint): which of its numbers share a scale and a zero point.</summary>
public readonly record struct AffineScheme
{
    /// <summary>The fewest columns of a group, of which every group is a multiple.</summary>
    public const int SmallestGroup = StripMatrix.BlockColumns;

    private const int UsualGroup = 64;

    private AffineScheme(AffineGranularity granularity, int groupSize) => (Granularity, GroupSize) = (granularity, groupSize);

    /// <summary>One scale for a matrix.</summary>
    public static AffineScheme PerTensor { get; } = new(AffineGranularity.Tensor, 0);

    /// <summary>One scale for each row.</summary>
    public static AffineScheme PerChannel { get; } = new(AffineGranularity.Channel, 0);

    /// <summary>What shares a scale.</summary>
    public AffineGranularity Granularity { get; }

    /// <summary>The columns of a group; 0 where there are no groups.</summary>
    public int GroupSize { get; }

    /// <summary>One scale for each <paramref name="size"/> columns of a row; rows of another length have groups of 32.</summary>
    /// <param name="size">A multiple of 32.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is not a multiple of 32, or below.</exception>
    public static AffineScheme PerGroup(int size = UsualGroup) => size >= SmallestGroup && size % SmallestGroup == 0
        ? new(AffineGranularity.Group, size)
        : throw new ArgumentOutOfRangeException(nameof(size), size, $"AffineScheme: the group size is {size}; expected a multiple of {SmallestGroup}.");

    /// <summary>The group size for rows of so many columns.</summary>
    internal int GroupFor(int columns) => columns % GroupSize == 0 ? GroupSize : SmallestGroup;

    /// <summary>Scales of a row that are its own; 0 where the whole matrix has one.</summary>
    internal int ScalesPerRow(int columns) => Granularity switch
    {
        AffineGranularity.Tensor => 0,
        AffineGranularity.Channel => 1,
        _ => columns / GroupFor(columns),
    };

    /// <summary>The shape of a matrix's scales, and of its zero points.</summary>
    internal long[] ScaleShape(int rows, int columns) => Granularity switch
    {
        AffineGranularity.Tensor => [1],
        AffineGranularity.Channel => [rows],
        _ => [rows, ScalesPerRow(columns)],
    };

    /// <summary>The scheme whose scales have a shape, or null.</summary>
    internal static AffineScheme? OfShape(ReadOnlySpan<long> scales, long rows, long columns)
    {
        if (scales is [1]) return PerTensor;
        if (scales is [var count] && count == rows) return PerChannel;
        if (scales is not [var outer, var groups] || outer != rows || groups < 1 || columns % groups != 0 || columns / groups % SmallestGroup != 0) return null;
        return PerGroup((int)(columns / groups));
    }
}
