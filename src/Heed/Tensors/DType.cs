namespace Heed.Tensors;

/// <summary>The element type of a <see cref="Tensor"/> in memory.</summary>
public enum DType
{
    /// <summary>IEEE 754 binary32: what the CPU backend computes in.</summary>
    Float32,

    /// <summary>IEEE 754 binary64: what the reference backend computes in.</summary>
    Float64,
}
