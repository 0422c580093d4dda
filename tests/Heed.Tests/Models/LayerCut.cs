namespace Heed.Tests.Models;

/// <summary>How layers are cut.</summary>
public enum LayerCut
{
    /// <summary>A share of the rows of each part of a layer.</summary>
    Rows,

    /// <summary>A share of the columns.</summary>
    Columns,

    /// <summary>Ranges that begin anywhere, cross from one part to the next and are out of order, and a share of the columns.</summary>
    Ranges,
}
