using System.Buffers;
using System.Runtime.CompilerServices;
using Heed.Tokenizers;

namespace Heed.Inference.Grammars;

/// <summary>
/// The tokens that are text, by their bytes: a tree laid out in the order in which it is walked. It also keeps the grammars
/// that were used with it, as long as they live.
/// </summary>
internal sealed class VocabularyTrie
{
    private readonly ConditionalWeakTable<Grammar, TokenGrammar> _grammars = new();
    private readonly byte[][] _tokens;

    private VocabularyTrie(byte[][] tokens)
    {
        _tokens = tokens;
        int[] ids = [.. Enumerable.Range(0, tokens.Length).Where(id => tokens[id].Length > 0)];
        Array.Sort(ids, (a, b) =>
        {
            int order = tokens[a].AsSpan().SequenceCompareTo(tokens[b]);
            return order != 0 ? order : a.CompareTo(b);
        });
        List<byte> labels = [];
        List<int> depths = [], firsts = [];
        byte[] last = [];
        for (int i = 0; i < ids.Length; i++)
        {
            byte[] token = tokens[ids[i]];
            foreach (byte value in token) Bytes[value] = true;
            for (int depth = last.AsSpan().CommonPrefixLength(token); depth < token.Length; depth++)
            {
                labels.Add(token[depth]);
                depths.Add(depth + 1);
                // A node has the tokens that end at it; those of the nodes on the way there are none.
                firsts.Add(i);
            }
            last = token;
        }
        (Labels, Depths, Ids) = ([.. labels], [.. depths], ids);
        Ends = FindEnds(Depths);
        FirstIds = FindTokens(tokens, firsts, Depths, ids);
        MaxDepth = Depths.Length == 0 ? 0 : Depths.Max();
    }

    /// <summary>How many ids there are, those that are no text included.</summary>
    public int Count => _tokens.Length;

    /// <summary>For each byte whether some token has it.</summary>
    public bool[] Bytes { get; } = new bool[256];

    /// <summary>The byte of each node, each node before those below it.</summary>
    public byte[] Labels { get; }

    /// <summary>How many bytes lead to each node, its own included.</summary>
    public int[] Depths { get; }

    /// <summary>For each node the first one that is not below it.</summary>
    public int[] Ends { get; }

    /// <summary>For each node where its tokens begin in <see cref="Ids"/>; they end where the next node's begin.</summary>
    public int[] FirstIds { get; }

    /// <summary>The tokens by node.</summary>
    public int[] Ids { get; }

    public int MaxDepth { get; }

    /// <summary>The bytes that a token adds to a text, other than at its start; none where it is no text.</summary>
    public ReadOnlySpan<byte> BytesOf(int id) => (uint)id < (uint)_tokens.Length ? _tokens[id] : [];

    /// <summary>The tokens of a vocabulary, without those that end, begin or shape a text.</summary>
    public static VocabularyTrie Of(Tokenizer tokenizer)
    {
        HashSet<int> excluded = [.. tokenizer.StopIds, .. tokenizer.ChatMarkers, .. tokenizer.SentinelIds];
        foreach (int? id in (int?[])[tokenizer.BosId, tokenizer.EosId, tokenizer.PadId, tokenizer.UnknownId, tokenizer.MaskId])
            if (id is { } known) excluded.Add(known);
        byte[][] tokens = new byte[tokenizer.VocabSize][];
        ArrayBufferWriter<byte> bytes = new();
        for (int id = 0; id < tokens.Length; id++)
        {
            bytes.ResetWrittenCount();
            DecodeState state = tokenizer.Parts.Decoding.Begin(continues: true);
            bool isText = tokenizer.KindOf(id) is TokenKind.Normal or TokenKind.UserDefined or TokenKind.Byte && !excluded.Contains(id);
            if (isText) tokenizer.AppendBytes(id, skipSpecial: true, ref state, bytes);
            tokens[id] = bytes.WrittenSpan.ToArray();
        }
        return new VocabularyTrie(tokens);
    }

    /// <summary>A vocabulary of these bytes; none for a token that is no text.</summary>
    public static VocabularyTrie Of(IEnumerable<byte[]> tokens) => new([.. tokens]);

    /// <summary>The masks of a grammar over this vocabulary.</summary>
    public TokenGrammar For(Grammar grammar) => _grammars.GetValue(grammar, key => new TokenGrammar(key.Network, this));

    private static int[] FindEnds(int[] depths)
    {
        int[] ends = new int[depths.Length];
        Stack<int> open = new();
        for (int node = 0; node <= depths.Length; node++)
        {
            int depth = node < depths.Length ? depths[node] : 0;
            while (open.TryPeek(out int above) && depths[above] >= depth) ends[open.Pop()] = node;
            open.Push(node);
        }
        return ends;
    }

    private static int[] FindTokens(byte[][] tokens, List<int> firsts, int[] depths, int[] ids)
    {
        int[] starts = new int[depths.Length + 1];
        for (int node = 0; node < depths.Length; node++)
            starts[node] = tokens[ids[firsts[node]]].Length == depths[node] ? firsts[node] : -1;
        starts[^1] = ids.Length;
        for (int node = depths.Length - 1; node >= 0; node--)
            if (starts[node] < 0) starts[node] = starts[node + 1];
        return starts;
    }
}
