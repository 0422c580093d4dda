namespace Heed.Kernels.Strips;

/// <summary>The scales of one block of a file, as it has them.</summary>
internal unsafe ref struct FileScales
{
    /// <summary>The binary16 scale.</summary>
    public ushort Scale;

    /// <summary>The binary16 minimum.</summary>
    public ushort Minimum;

    /// <summary>What <see cref="Scale"/> is multiplied with in each part of a super-block, from -128 to 127 or 0 to 63.</summary>
    public fixed sbyte Factors[16];

    /// <summary>What <see cref="Minimum"/> is multiplied with in each part of a super-block.</summary>
    public fixed sbyte MinimumFactors[16];

    /// <summary>The scale of affine numbers.</summary>
    public float WideScale;

    /// <summary>What is added to affine numbers before the scale multiplies them: less the zero point.</summary>
    public float WideOffset;
}
