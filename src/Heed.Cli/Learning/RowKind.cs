namespace Heed.Cli.Learning;

/// <summary>How rows are cut from a text.</summary>
internal enum RowKind
{
    /// <summary>Windows side by side.</summary>
    Windows,

    /// <summary>Whole documents that do not see each other.</summary>
    Packed,

    /// <summary>Windows at random places.</summary>
    Random,
}
