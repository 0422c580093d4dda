using System.Buffers.Binary;

namespace Heed.Tokenizers;

public abstract partial class Tokenizer
{
    private static readonly string[] s_fileNames = ["tokenizer.json", "tokenizer.model", "tokenizer.bin"];

    /// <summary>
    /// Loads a tokenizer and finds out what the file is: Hugging Face's tokenizer.json, SentencePiece's tokenizer.model,
    /// tiktoken ranks, or llama2.c's tokenizer.bin. Of a folder, the first of these that is there.
    /// </summary>
    /// <param name="path">The file or folder.</param>
    /// <exception cref="FileFormatException">The file is none of these, or broken.</exception>
    /// <exception cref="FileNotFoundException">There is no such file, or the folder holds no tokenizer.</exception>
    public static Tokenizer Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string file = Directory.Exists(path) ? FindIn(path) : path;
        byte[] data = File.ReadAllBytes(file);
        if (data.Length < 4) throw new FileFormatException(file, $"{data.Length} bytes are too few for a tokenizer");
        if (data.AsSpan().StartsWith("GGUF"u8))
            throw new FileFormatException(file, "a GGUF file holds its tokenizer in its metadata; use Tokenizer.FromGguf");
        ReadOnlySpan<byte> text = data.AsSpan().StartsWith("\uFEFF"u8) ? data.AsSpan(3) : data;
        if (text.TrimStart(" \t\r\n"u8).StartsWith("{"u8)) return HuggingFaceTokenizer.Read(file, text.ToArray());
        bool isSmallNumber = BinaryPrimitives.ReadInt32LittleEndian(data) is > 0 and <= ushort.MaxValue;
        if (isSmallNumber) return new SentencePieceTokenizer(Llama2cVocabularyFile.Read(file, data));
        if (data[0] == 0x0A) return new SentencePieceTokenizer(SentencePieceFile.Read(file, data));
        if (LooksLikeRanks(data)) return TiktokenFile.Read(file, data, options: null);
        throw new FileFormatException(file, "neither tokenizer.json, SentencePiece, tiktoken ranks nor llama2.c's tokenizer.bin");
    }

    /// <summary>Makes a tokenizer of the metadata of a GGUF file.</summary>
    /// <exception cref="FileFormatException">The vocabulary is broken or of a kind that is not supported.</exception>
    public static Tokenizer FromGguf(GgufVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        return GgufTokenizer.Create(vocabulary);
    }

    private static string FindIn(string folder)
    {
        string? found = s_fileNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? Directory.EnumerateFiles(folder, "*.tiktoken").Order().FirstOrDefault();
        return found ?? throw new FileNotFoundException(
            $"Tokenizer.Load: no {string.Join(", ", s_fileNames)} or *.tiktoken in '{folder}'.", Path.Combine(folder, s_fileNames[0]));
    }

    private static bool LooksLikeRanks(ReadOnlySpan<byte> data)
    {
        int end = data.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = (end < 0 ? data : data[..end]).TrimEnd((byte)'\r');
        int space = line.IndexOf((byte)' ');
        return space > 0 && space + 1 < line.Length && line[(space + 1)..].IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
    }
}
