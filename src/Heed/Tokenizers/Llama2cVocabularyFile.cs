using System.Buffers.Binary;
using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// Reads and writes llama2.c's tokenizer.bin: the longest token's length, then for each token a score, a length and its bytes,
/// with a space where SentencePiece writes "▁". Ids 0, 1 and 2 are unknown, BOS and EOS; the bytes follow from 3.
/// </summary>
internal static class Llama2cVocabularyFile
{
    private const int MaxTokenBytes = 1 << 16;

    public static SentencePieceModel Read(string path, ReadOnlySpan<byte> data)
    {
        List<string> pieces = [];
        List<float> scores = [];
        List<TokenKind> kinds = [];
        int longest = data.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(data);
        if (longest is <= 0 or > MaxTokenBytes)
            throw new FileFormatException(path, $"a longest token of {longest} bytes; need 1 to {MaxTokenBytes}", "max_token_length", 0);
        for (int at = 4; at < data.Length;)
        {
            if (data.Length - at < 8) throw new FileFormatException(path, "the file ends inside a token", $"token {pieces.Count}", at);
            float score = BinaryPrimitives.ReadSingleLittleEndian(data[at..]);
            int length = BinaryPrimitives.ReadInt32LittleEndian(data[(at + 4)..]);
            if (length < 0 || length > data.Length - at - 8)
                throw new FileFormatException(path, $"a token of {length} bytes, {data.Length - at - 8} are left", $"token {pieces.Count}", at);
            string text = ReadText(path, pieces.Count, data.Slice(at + 8, length), at + 8);
            Add(text, score, pieces, scores, kinds);
            at += 8 + length;
        }

        if (pieces.Count < 3) throw new FileFormatException(path, $"{pieces.Count} tokens; need at least unknown, BOS and EOS");
        return new SentencePieceModel(path, pieces.ToArray(), scores.ToArray(), kinds.ToArray())
        {
            UnknownId = 0,
            BosId = 1,
            EosId = 2,
            AddBos = true,
        };
    }

    /// <summary>The file's bytes for a vocabulary.</summary>
    /// <exception cref="NotSupportedException">The format has no place for such a vocabulary.</exception>
    public static byte[] Write(GgufVocabulary vocabulary)
    {
        if (vocabulary is not { Model: "llama", BosId: 1, EosId: 2 } || (vocabulary.UnknownId ?? 0) != 0 || vocabulary.AddSpacePrefix == false)
            throw new NotSupportedException($"SaveLlama2c: llama2.c has SentencePiece vocabularies alone, with ids 0, 1 and 2 for unknown, BOS and EOS and a space before texts; this one is '{vocabulary.Model}' with BOS {vocabulary.BosId}, EOS {vocabulary.EosId}.");
        byte[][] texts = [.. vocabulary.Tokens.Select((piece, id) => Encoding.UTF8.GetBytes(id switch
        {
            1 => "\n<s>\n",
            2 => "\n</s>\n",
            _ => piece.Replace('▁', ' '),
        }))];
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write(texts.Max(text => text.Length));
        for (int id = 0; id < texts.Length; id++)
        {
            writer.Write(vocabulary.Scores[id]);
            writer.Write(texts[id].Length);
            writer.Write(texts[id]);
        }
        return stream.ToArray();
    }

    private static void Add(string text, float score, List<string> pieces, List<float> scores, List<TokenKind> kinds)
    {
        (string piece, TokenKind kind) = pieces.Count switch
        {
            0 => ("<unk>", TokenKind.Unknown),
            1 => ("<s>", TokenKind.Control),
            2 => ("</s>", TokenKind.Control),
            _ when text.Length == 0 => (text, TokenKind.Unused),
            _ when SentencePieceModel.ByteOf(text) >= 0 => (text, TokenKind.Byte),
            _ => (text.Replace(' ', '▁'), TokenKind.Normal),
        };
        pieces.Add(piece);
        scores.Add(score);
        kinds.Add(kind);
    }

    private static string ReadText(string path, int id, ReadOnlySpan<byte> bytes, int offset)
    {
        if (!System.Text.Unicode.Utf8.IsValid(bytes)) throw new FileFormatException(path, "a token is not valid UTF-8", $"token {id}", offset);
        return Encoding.UTF8.GetString(bytes);
    }
}
