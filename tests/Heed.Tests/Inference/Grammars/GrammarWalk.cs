using System.Text;
using Heed.Inference.Grammars;

namespace Heed.Tests.Inference.Grammars;

/// <summary>Texts that a grammar allows, made by choosing among the tokens of its masks at random; and what it says of given texts.</summary>
internal sealed class GrammarWalk
{
    private readonly TokenGrammar _grammar;

    public GrammarWalk(Grammar grammar, VocabularyTrie? vocabulary = null) => _grammar = new TokenGrammar(grammar.Network, vocabulary ?? Vocabulary());

    /// <summary>The 256 bytes, and some texts that hold parts of JSON, of words and of characters.</summary>
    public static VocabularyTrie Vocabulary() => VocabularyTrie.Of(Tokens());

    public static List<byte[]> Tokens()
    {
        string[] texts =
        [
            "{\"", "\":", "\": \"", "\",", "\", \"", "\"}", "\"]", "}}", "}]", "],", "[[", "[\"", "[{", "[]", "{}", ": ", ", ", "\n  ", "\n", "null", "nu", "true", "false", "ll", "e1",
            "12", "100", "0.", ".5", "-1", "name", "a", "ab", "abc", "value", "é", "日本", "🙂", "\\n", "\\\"", "\\u00", "\\ud8", "3d", "2024-", "-0", "T1", "aa", "aaaa", "bb", "x", "xy", "  ",
        ];
        return [.. Enumerable.Range(0, 256).Select(value => (byte[])[(byte)value]), [], .. texts.Select(Encoding.UTF8.GetBytes), "a"u8.ToArray(), [0xE6, 0x97]];
    }

    /// <summary>Whether a whole text is allowed.</summary>
    public bool Matches(string text) => Matches(Encoding.UTF8.GetBytes(text));

    public bool Matches(ReadOnlySpan<byte> text) => _grammar.Accepts(_grammar.Advance(_grammar.Start, text));

    /// <summary>A text that was made token by token; null where it grew too long. Every mask is compared with that of each token alone if asked.</summary>
    public string? Make(Random random, int maxTokens = 4000, double stopping = 0.3, bool checksMasks = false)
    {
        GrammarState state = _grammar.Start;
        List<byte> text = [];
        for (int count = 0; count < maxTokens; count++)
        {
            if (_grammar.IsFinal(state)) return Encoding.UTF8.GetString([.. text]);
            ulong[] mask = _grammar.Mask(ref state);
            if (checksMasks) CheckMask(state, mask);
            List<int> allowed = [.. Enumerable.Range(0, _grammar.Vocabulary.Count).Where(id => (mask[id >> 6] >> id & 1) != 0)];
            if (allowed.Count == 0) _grammar.Accepts(state).ShouldBeTrue("a state that is not the end has tokens");
            if (_grammar.Accepts(state) && (allowed.Count == 0 || random.NextDouble() < stopping)) return Encoding.UTF8.GetString([.. text]);
            // What closes is preferred as a text grows, so that it comes to its end.
            int[] closing = [.. allowed.Where(id => _grammar.Vocabulary.BytesOf(id) is [(byte)'"' or (byte)'}' or (byte)']' or (byte)'\n', ..])];
            int[] choice = closing.Length > 0 && random.Next(200) < Math.Max(20, count) ? closing : [.. allowed];
            ReadOnlySpan<byte> bytes = _grammar.Vocabulary.BytesOf(choice[random.Next(choice.Length)]);
            text.AddRange(bytes);
            state = _grammar.Advance(state, bytes);
        }
        return null;
    }

    public void CheckMask(GrammarState state, ulong[] mask)
    {
        for (int id = 0; id < _grammar.Vocabulary.Count; id++)
        {
            ReadOnlySpan<byte> bytes = _grammar.Vocabulary.BytesOf(id);
            bool alone = bytes.Length > 0 && _grammar.Advance(state, bytes).Id != GrammarAutomaton.Dead;
            if ((mask[id >> 6] >> id & 1) != 0 != alone) throw new ShouldAssertException($"token {id} '{Encoding.UTF8.GetString(bytes)}': the mask says {!alone}, alone {alone}");
        }
    }
}
