namespace Heed.Training.Data;

/// <summary>How text files are read.</summary>
public sealed record TextSourceOptions
{
    /// <summary>What a document is in a text file.</summary>
    public DocumentRule Documents { get; init; } = DocumentRule.File;

    /// <summary>The line between two documents, for <see cref="DocumentRule.SeparatorLine"/>.</summary>
    public string Separator { get; init; } = "<|endoftext|>";

    /// <summary>What becomes of bytes that are not UTF-8: false makes them an error that says where, true makes them U+FFFD.</summary>
    public bool ReplaceInvalidUtf8 { get; init; }
}
