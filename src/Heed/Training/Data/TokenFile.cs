using System.Runtime.InteropServices;
using Heed.Formats;
using Heed.Tokenizers;

namespace Heed.Training.Data;

/// <summary>A corpus on disk, mapped into memory: a text is encoded once and then read by every run.</summary>
public sealed class TokenFile : TokenCorpus
{
    private readonly MappedFile _file;
    private readonly TokenFileHeader _header;

    private TokenFile(MappedFile file, TokenFileHeader header) => (_file, _header) = (file, header);

    /// <summary>The file.</summary>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public override long TokenCount => _header.TokenCount;

    /// <inheritdoc/>
    public override int DocumentCount => (int)_header.DocumentCount;

    /// <inheritdoc/>
    public override int VocabSize => _header.VocabSize;

    /// <inheritdoc/>
    public override long TextBytes => _header.TextBytes;

    /// <inheritdoc/>
    public override string Fingerprint => _header.Fingerprint;

    /// <summary>Opens a token file and checks its header and its documents; ids are checked when they are read.</summary>
    /// <exception cref="FileFormatException">It is not a token file, or a broken one.</exception>
    /// <exception cref="IOException">It is absent or cannot be read.</exception>
    public static TokenFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            TokenFile opened = new(file, TokenFileHeader.Read(file));
            opened.CheckDocuments();
            return opened;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Encodes every document of a source and writes the ids, through a temporary file in the same folder: the target is the
    /// old file or the whole new one. Each document is BOS where the tokenizer adds one, the text, and EOS where there is one.
    /// </summary>
    /// <param name="path">The file to write.</param>
    /// <param name="source">The text.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="progress">Told how far it is, or null.</param>
    /// <param name="cancellation">Stops it; the target is then as it was.</param>
    /// <exception cref="FileFormatException">The source holds no text, or a file is not what it must be.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, TextSource source, Tokenizer tokenizer, IProgress<TokenizeProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(tokenizer);
        DocumentEncoder encoder = new(tokenizer, progress, source.TotalBytes);
        using TokenFileWriter writer = new(path, tokenizer.VocabSize);
        foreach (EncodedPiece piece in encoder.Encode(source.Read(cancellation)))
        {
            if (piece.StartsDocument) writer.BeginDocument();
            writer.Add(piece.Ids);
        }

        if (writer.TokenCount == 0) throw DocumentEncoder.NoText(source);
        writer.Finish(TokenizerFingerprint.Of(tokenizer), encoder.TextBytes);
    }

    /// <inheritdoc/>
    public override long DocumentStart(int document)
    {
        CheckDocument(document);
        return document == DocumentCount ? TokenCount : MemoryMarshal.Read<long>(_file.Span(_header.StartsOffset + (8L * document), 8));
    }

    /// <summary>Unmaps the file.</summary>
    public override void Dispose()
    {
        _file.Dispose();
        base.Dispose();
    }

    private protected override void ReadChecked(long start, Span<int> destination)
    {
        long offset = TokenFileHeader.Bytes + (start * _header.IdBytes);
        ReadOnlySpan<byte> bytes = _file.Span(offset, checked(destination.Length * _header.IdBytes));
        if (_header.IdBytes == 4) MemoryMarshal.Cast<byte, int>(bytes).CopyTo(destination);
        else
        {
            ReadOnlySpan<ushort> ids = MemoryMarshal.Cast<byte, ushort>(bytes);
            for (int i = 0; i < ids.Length; i++) destination[i] = ids[i];
        }

        for (int i = 0; i < destination.Length; i++)
            if ((uint)destination[i] >= (uint)VocabSize)
                throw _file.Wrong($"id {destination[i]} is not of the vocabulary of {VocabSize}.", $"token {start + i}", offset + ((long)i * _header.IdBytes));
    }

    private void CheckDocuments()
    {
        long previous = -1;
        for (int document = 0; document < DocumentCount; document++)
        {
            long start = DocumentStart(document);
            if (start <= previous || start >= TokenCount || (document == 0 && start != 0))
                throw _file.Wrong($"the document begins at token {start}, after one at {previous} and before the end at {TokenCount}; starts ascend from 0.", $"document {document}", _header.StartsOffset + (8L * document));
            previous = start;
        }
    }
}
