namespace Heed.Tensors;

/// <summary>Which numbers of a matrix share an <see cref="AffineQuantization"/>.</summary>
public enum AffineGranularity
{
    /// <summary>All of them.</summary>
    Tensor,

    /// <summary>Those of a row, which make one output.</summary>
    Channel,

    /// <summary>So many columns of a row.</summary>
    Group,
}
