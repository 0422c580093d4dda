using System.Text;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

/// <summary>Writes small SentencePiece models, llama2.c vocabularies and character maps.</summary>
internal sealed class SentencePieceBuilder
{
    private readonly List<(string Piece, float Score, TokenKind Kind)> _pieces =
        [("<unk>", 0, TokenKind.Unknown), ("<s>", 0, TokenKind.Control), ("</s>", 0, TokenKind.Control)];

    public int ModelType { get; init; } = 2;

    public bool ByteFallback { get; init; }

    public bool AddDummyPrefix { get; init; } = true;

    public bool RemoveExtraWhitespaces { get; init; }

    public byte[] CharsMap { get; init; } = [];

    public SentencePieceBuilder Add(string piece, float score = 0, TokenKind kind = TokenKind.Normal)
    {
        _pieces.Add((piece, score, kind));
        return this;
    }

    /// <summary>Pieces with falling scores: the first merges first.</summary>
    public SentencePieceBuilder AddAll(params string[] pieces)
    {
        foreach (string piece in pieces) Add(piece, -_pieces.Count);
        return this;
    }

    public SentencePieceBuilder AddBytes()
    {
        for (int value = 0; value < 256; value++) Add($"<0x{value:X2}>", 0, TokenKind.Byte);
        return this;
    }

    public byte[] ToProtobuf()
    {
        MemoryStream file = new();
        foreach ((string piece, float score, TokenKind kind) in _pieces)
        {
            MemoryStream part = new();
            Field(part, 1, Encoding.UTF8.GetBytes(piece));
            part.WriteByte((2 << 3) | 5);
            part.Write(BitConverter.GetBytes(score));
            Number(part, 3, (int)kind);
            Field(file, 1, part.ToArray());
        }

        MemoryStream trainer = new();
        Number(trainer, 3, ModelType);
        Number(trainer, 35, ByteFallback ? 1 : 0);
        Field(file, 2, trainer.ToArray());
        MemoryStream normalizer = new();
        Field(normalizer, 2, CharsMap);
        Number(normalizer, 3, AddDummyPrefix ? 1 : 0);
        Number(normalizer, 4, RemoveExtraWhitespaces ? 1 : 0);
        Field(file, 3, normalizer.ToArray());
        return file.ToArray();
    }

    public byte[] ToLlama2c()
    {
        MemoryStream file = new();
        file.Write(BitConverter.GetBytes(_pieces.Max(piece => Encoding.UTF8.GetByteCount(piece.Piece))));
        foreach ((string piece, float score, TokenKind kind) in _pieces)
        {
            string text = kind == TokenKind.Control ? $"\n{piece}\n" : piece.Replace('▁', ' ');
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            file.Write(BitConverter.GetBytes(score));
            file.Write(BitConverter.GetBytes(bytes.Length));
            file.Write(bytes);
        }

        return file.ToArray();
    }

    public SentencePieceTokenizer Build() => new(SentencePieceFile.Read("test.model", ToProtobuf()));

    /// <summary>A double-array trie in which each node's children have a block of 256 units to themselves.</summary>
    public static byte[] MakeCharsMap(params (string From, string To)[] rules)
    {
        List<uint> units = [.. new uint[256]];
        MemoryStream replacements = new();
        Dictionary<string, int> nodes = new() { [string.Empty] = 0 };
        foreach ((string from, string to) in rules)
        {
            byte[] key = Encoding.UTF8.GetBytes(from);
            for (int length = 1; length <= key.Length; length++)
            {
                string parentKey = Convert.ToHexString(key, 0, length - 1), childKey = Convert.ToHexString(key, 0, length);
                if (nodes.ContainsKey(childKey)) continue;
                int child = Base(units, nodes[parentKey]) ^ key[length - 1];
                units[child] = key[length - 1];
                nodes[childKey] = child;
            }

            int leaf = nodes[Convert.ToHexString(key)];
            int value = Base(units, leaf);
            units[leaf] |= 0x100;
            units[value] = 0x8000_0000 | (uint)replacements.Length;
            replacements.Write(Encoding.UTF8.GetBytes(to));
            replacements.WriteByte(0);
        }

        byte[] trie = units.SelectMany(BitConverter.GetBytes).ToArray();
        return [.. BitConverter.GetBytes(trie.Length), .. trie, .. replacements.ToArray()];
    }

    private static int Base(List<uint> units, int node)
    {
        if (units[node] >> 10 == 0)
        {
            units[node] |= (uint)(units.Count ^ node) << 10;
            units.AddRange(new uint[256]);
        }

        return node ^ (int)(units[node] >> 10);
    }

    private static void Field(MemoryStream stream, int field, byte[] bytes)
    {
        Varint(stream, (ulong)((field << 3) | 2));
        Varint(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void Number(MemoryStream stream, int field, int value)
    {
        Varint(stream, (ulong)(field << 3));
        Varint(stream, (ulong)value);
    }

    private static void Varint(MemoryStream stream, ulong value)
    {
        for (; value >= 0x80; value >>= 7) stream.WriteByte((byte)(value | 0x80));
        stream.WriteByte((byte)value);
    }
}
