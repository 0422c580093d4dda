namespace Heed.Kernels.Strips;

/// <summary>How strips of a weight type lie and are multiplied.</summary>
internal abstract unsafe class StripFormat
{
    private static readonly StripFormat Q4_0 = new StripFormat<CenteredNibbles, BlockScales>();
    private static readonly StripFormat Q4_1 = new StripFormat<Nibbles, BlockScalesAndMinima>();
    private static readonly StripFormat Q5_0 = new StripFormat<CenteredFiveBits, BlockScales>();
    private static readonly StripFormat Q5_1 = new StripFormat<FiveBits, BlockScalesAndMinima>();
    private static readonly StripFormat Q8_0 = new StripFormat<CenteredBytes, BlockScales>();
    private static readonly StripFormat Q2K = new StripFormat<TwoBits, SuperScalesAndMinima<Count2>>();
    private static readonly StripFormat Q3K = new StripFormat<CenteredThreeBits, SuperScales<Count2>>();
    private static readonly StripFormat Q4K = new StripFormat<Nibbles, SuperScalesAndMinima<Count1>>();
    private static readonly StripFormat Q5K = new StripFormat<FiveBits, SuperScalesAndMinima<Count1>>();
    private static readonly StripFormat Q6K = new StripFormat<CenteredSixBits, SuperScales<Count2>>();
    private static readonly StripFormat NonLinear = new StripFormat<TableNibbles, BlockScales>();
    private static readonly StripFormat NonLinearSuper = new StripFormat<TableNibbles, SuperScales<Count1>>();

    /// <summary>Affine numbers whose rows have one scale each.</summary>
    public static StripFormat AffineRows { get; } = new AffineStripFormat<AffineChunkScales>();

    /// <summary>Affine numbers with a scale for each row of each block.</summary>
    public static StripFormat AffineBlocks { get; } = new AffineStripFormat<AffineBlockScales>();

    /// <summary>The format of a type of blocks.</summary>
    /// <exception cref="ArgumentException">The type has no blocks.</exception>
    public static StripFormat Of(WeightType type) => type switch
    {
        WeightType.Q4_0 => Q4_0,
        WeightType.Q4_1 => Q4_1,
        WeightType.Q5_0 => Q5_0,
        WeightType.Q5_1 => Q5_1,
        WeightType.Q8_0 => Q8_0,
        WeightType.Q2_K => Q2K,
        WeightType.Q3_K => Q3K,
        WeightType.Q4_K => Q4K,
        WeightType.Q5_K => Q5K,
        WeightType.Q6_K => Q6K,
        WeightType.IQ4_NL => NonLinear,
        WeightType.IQ4_XS => NonLinearSuper,
        _ => throw new ArgumentException($"StripFormat: {type} has no blocks; expected a quantized type."),
    };

    /// <summary>The bytes of a strip.</summary>
    public abstract long StripBytes(int blocks);

    /// <summary>Sets a strip from rows of a file: all bytes if there are 16 rows; with fewer it must be all zeros before.</summary>
    public abstract void Pack(WeightType type, int blocks, byte* rows, long rowBytes, int rowCount, byte* strip);

    /// <summary>A row of a strip as floats.</summary>
    public abstract void ReadRow(int blocks, byte* strip, int row, float* destination);

    /// <summary>A row of a strip as what it was packed from.</summary>
    /// <exception cref="NotSupportedException">The format does not say.</exception>
    public virtual void ReadBlocks(int blocks, byte* strip, int row, byte* destination) => throw new NotSupportedException("StripFormat: only affine numbers are read back.");

    /// <summary>The product of a matrix of this format; rounds the input if nobody has.</summary>
    public abstract void Multiply(StripPath path, WorkerPool pool, in StripOperands operands, ref SharedInput input);
}
