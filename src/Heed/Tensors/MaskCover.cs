namespace Heed.Tensors;

/// <summary>How much of a rectangle of queries and keys a mask shows.</summary>
public enum MaskCover
{
    /// <summary>No query of it sees a key of it.</summary>
    Empty,

    /// <summary>Some pairs are seen, others not.</summary>
    Mixed,

    /// <summary>Every query of it sees every key of it.</summary>
    Full,
}
