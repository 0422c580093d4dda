namespace Heed.Training.Data;

/// <summary>
/// Text files as a stream of documents: .jsonl files hold one in the field "text" of each line, all others are plain UTF-8.
/// Files are read anew for each enumeration and are never in memory as a whole.
/// </summary>
public sealed class TextSource
{
    private static readonly string[] s_extensions = [".txt", ".md", ".jsonl"];
    private readonly TextSourceOptions _options;
    private readonly string[] _files;

    /// <summary>Takes files, and of folders every *.txt, *.md and *.jsonl below them, in the ordinal order of their paths; hidden ones and links are left out.</summary>
    /// <param name="paths">Files and folders, at least one.</param>
    /// <param name="options">How to read them, or null for the defaults.</param>
    /// <exception cref="FileNotFoundException">A path does not exist, or a folder holds no text file.</exception>
    public TextSource(IEnumerable<string> paths, TextSourceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        _options = options ?? new TextSourceOptions();
        if (!Enum.IsDefined(_options.Documents)) throw new ArgumentOutOfRangeException(nameof(options), _options.Documents, "TextSource: there is no such document rule.");
        if (_options.Documents == DocumentRule.SeparatorLine && string.IsNullOrWhiteSpace(_options.Separator))
            throw new ArgumentException("TextSource: the separator is blank; take DocumentRule.BlankLine for that.", nameof(options));
        _files = paths.SelectMany(Find).ToArray();
        if (_files.Length == 0) throw new ArgumentException("TextSource: got no paths; need at least one file or folder.", nameof(paths));
        TotalBytes = _files.Sum(file => new FileInfo(file).Length);
    }

    /// <summary>Takes one file or folder.</summary>
    /// <inheritdoc cref="TextSource(IEnumerable{string}, TextSourceOptions?)"/>
    public TextSource(string path, TextSourceOptions? options = null)
        : this([path], options)
    {
    }

    /// <summary>The files, in the order in which they are read.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>The length of all files in bytes.</summary>
    public long TotalBytes { get; }

    /// <summary>The documents, long ones in parts; documents without any text are left out.</summary>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="FileFormatException">A file is not UTF-8, or a line of a .jsonl file is not what it must be. Thrown while enumerating.</exception>
    public IEnumerable<DocumentPiece> Read(CancellationToken cancellation = default)
    {
        long before = 0;
        foreach (string file in _files)
        {
            using Utf8LineReader lines = new(file, _options.ReplaceInvalidUtf8);
            DocumentReader documents = new(lines, _options);
            while (documents.Next(out string text, out bool ends))
            {
                cancellation.ThrowIfCancellationRequested();
                yield return new DocumentPiece(text, ends, before + lines.BytesRead);
            }

            before += lines.BytesRead;
        }
    }

    /// <summary>The texts of <see cref="Read"/> alone, as a tokenizer's trainer takes them.</summary>
    /// <param name="cancellation">Stops the reading.</param>
    public IEnumerable<string> ReadTexts(CancellationToken cancellation = default) => Read(cancellation).Select(piece => piece.Text);

    private static string[] Find(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path)) return [path];
        if (!Directory.Exists(path)) throw new FileNotFoundException($"TextSource: there is no file or folder '{path}'.", path);
        EnumerationOptions below = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint };
        string[] files = Directory.EnumerateFiles(path, "*", below)
            .Where(file => s_extensions.Contains(System.IO.Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal).ToArray();
        return files.Length > 0 ? files : throw new FileNotFoundException($"TextSource: the folder '{path}' holds no *.txt, *.md or *.jsonl.", path);
    }
}
