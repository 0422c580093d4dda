namespace Heed;

/// <summary>
/// A file is not what its format demands: truncated, inconsistent, hostile, or of an unsupported kind.
/// The message names the file and, where they are known, the tensor or key and the byte offset.
/// </summary>
public sealed class FileFormatException : Exception
{
    /// <summary>Makes an error for <paramref name="path"/> that says what is wrong and where.</summary>
    /// <param name="path">The file that was read.</param>
    /// <param name="problem">What is wrong: operation, argument, got, expected.</param>
    /// <param name="item">The tensor, key or part that is wrong, or null.</param>
    /// <param name="offset">The byte offset in the file, or null where it is not known.</param>
    /// <param name="inner">The error underneath, or null.</param>
    public FileFormatException(string path, string problem, string? item = null, long? offset = null, Exception? inner = null)
        : base(Describe(path, problem, item, offset), inner)
    {
        Path = path;
        Item = item;
        Offset = offset;
    }

    /// <summary>The file that was read.</summary>
    public string Path { get; }

    /// <summary>The tensor, key or part that is wrong, or null.</summary>
    public string? Item { get; }

    /// <summary>The byte offset in the file, or null where it is not known.</summary>
    public long? Offset { get; }

    private static string Describe(string path, string problem, string? item, long? offset)
    {
        string where = item is null ? path : $"{path}: '{item}'";
        return offset is null ? $"{where}: {problem}" : $"{where} at byte {offset}: {problem}";
    }
}
