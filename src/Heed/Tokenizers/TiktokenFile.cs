using System.Buffers;
using System.Buffers.Text;

namespace Heed.Tokenizers;

/// <summary>
/// Reads tiktoken's ranks: lines of base 64 and a rank, which is the token's id and the order of its merge.
/// Two neighbours merge where the bytes of both together are a token, so the merges are all the ways to cut a token in two.
/// </summary>
internal static class TiktokenFile
{
    private const int MaxTokenBytes = 1024;

    public static ByteLevelBpeTokenizer Read(string path, ReadOnlySpan<byte> data, TiktokenOptions? options)
    {
        Dictionary<string, int> ids = ReadRanks(path, data);
        int[] byteIds = ByteLevelBpeTokenizer.ByteIds(ids);
        int missing = Array.IndexOf(byteIds, -1);
        if (missing >= 0) throw new FileFormatException(path, $"there is no token for the byte 0x{missing:X2}");
        options ??= TiktokenOptions.ForRanks(ids.Count);
        MergeTable merges = MakeMerges(ids);

        int count = 1 + Math.Max(ids.Values.Max(), options.SpecialTokens.Values.DefaultIfEmpty(-1).Max());
        string[] texts = new string[count];
        TokenKind[] kinds = new TokenKind[count];
        Array.Fill(texts, string.Empty);
        Array.Fill(kinds, TokenKind.Unused);
        foreach ((string text, int id) in ids) (texts[id], kinds[id]) = (text, TokenKind.Normal);
        foreach ((string text, int id) in options.SpecialTokens)
        {
            if (id < 0 || texts[id].Length > 0) throw new FileFormatException(path, $"the special token's id {id} is taken or negative", text);
            if (!ids.TryAdd(text, id)) throw new FileFormatException(path, "the special token is an ordinary one already", text);
            (texts[id], kinds[id]) = (text, TokenKind.Control);
        }

        TokenTable tokens = ByteLevelBpeTokenizer.MakeTable(texts, kinds, ids);
        int? Find(string? name) => name is null ? null : ids.TryGetValue(name, out int id) ? id
            : throw new FileFormatException(path, "the special token is not among the special tokens", name);
        TokenizerParts parts = new(tokens)
        {
            BosId = Find(options.Bos),
            EosId = Find(options.Eos),
            PadId = Find(options.Pad),
            Prefix = options.AddBos && Find(options.Bos) is { } bos ? [bos] : [],
            Added = options.SpecialTokens.Select(pair => new AddedToken(pair.Value, pair.Key, Special: true)).ToArray(),
        };
        return new ByteLevelBpeTokenizer(parts, RegexSplitter.Create(path, options.Pattern), new ByteBpe(byteIds, merges, ByteBpe.WholeWords(tokens), -1));
    }

    private static Dictionary<string, int> ReadRanks(string path, ReadOnlySpan<byte> data)
    {
        Dictionary<string, int> ids = [];
        HashSet<int> ranks = [];
        byte[] bytes = new byte[MaxTokenBytes + 3];
        int number = 0;
        for (int at = 0; at < data.Length;)
        {
            int length = data[at..].IndexOf((byte)'\n');
            if (length < 0) length = data.Length - at;
            ReadOnlySpan<byte> line = data.Slice(at, length).TrimEnd((byte)'\r');
            number++;
            if (line.Length > 0)
            {
                (string text, int rank) = ReadLine(path, line, number, at, bytes);
                if (rank < 0 || rank >= data.Length) throw new FileFormatException(path, $"rank {rank} is out of range", $"line {number}", at);
                if (!ranks.Add(rank)) throw new FileFormatException(path, $"rank {rank} appears twice", $"line {number}", at);
                if (!ids.TryAdd(text, rank)) throw new FileFormatException(path, "the token appears twice", $"line {number}", at);
            }

            at += length + 1;
        }

        if (ids.Count == 0) throw new FileFormatException(path, "no ranks");
        return ids;
    }

    private static (string Text, int Rank) ReadLine(string path, ReadOnlySpan<byte> line, int number, int offset, byte[] bytes)
    {
        int space = line.IndexOf((byte)' ');
        if (space <= 0) throw new FileFormatException(path, "expected base 64, a space and a rank", $"line {number}", offset);
        OperationStatus status = Base64.DecodeFromUtf8(line[..space], bytes, out _, out int count);
        if (status == OperationStatus.DestinationTooSmall || count > MaxTokenBytes)
            throw new FileFormatException(path, $"a token of more than {MaxTokenBytes} bytes", $"line {number}", offset);
        if (status != OperationStatus.Done || count == 0) throw new FileFormatException(path, "the token is not valid base 64", $"line {number}", offset);
        ReadOnlySpan<byte> digits = line[(space + 1)..];
        if (!Utf8Parser.TryParse(digits, out int rank, out int used) || used != digits.Length)
            throw new FileFormatException(path, "the rank is not a number", $"line {number}", offset);
        return (ByteAlphabet.Spell(bytes.AsSpan(0, count)), rank);
    }

    private static MergeTable MakeMerges(Dictionary<string, int> ids)
    {
        MergeTable merges = new(3 * ids.Count);
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> find = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach ((string text, int id) in ids)
        {
            for (int cut = 1; cut < text.Length; cut++)
            {
                if (find.TryGetValue(text.AsSpan(cut), out int right) && find.TryGetValue(text.AsSpan(0, cut), out int left))
                    merges.Add(left, right, id, id);
            }
        }

        return merges;
    }
}
