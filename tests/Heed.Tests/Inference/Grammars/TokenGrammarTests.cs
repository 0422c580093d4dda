using Heed.Inference.Grammars;

namespace Heed.Tests.Inference.Grammars;

/// <summary>Masks and what is kept of them.</summary>
public sealed class TokenGrammarTests
{
    [Fact]
    public void Masks_KeptInVeryLittleMemory_AreTheSame()
    {
        VocabularyTrie vocabulary = GrammarWalk.Vocabulary();
        TokenGrammar large = new(Grammar.Json.Network, vocabulary), small = new(Grammar.Json.Network, vocabulary, maxBytes: 50_000);
        Random random = new(5);
        (GrammarState a, GrammarState b) = (large.Start, small.Start);
        for (int i = 0; i < 2000; i++)
        {
            ulong[] mask = large.Mask(ref a);
            small.Mask(ref b).ShouldBe(mask);
            int[] allowed = [.. Enumerable.Range(0, vocabulary.Count).Where(id => (mask[id >> 6] >> id & 1) != 0)];
            if (allowed.Length == 0)
            {
                (a, b) = (large.Start, small.Start);
                continue;
            }
            ReadOnlySpan<byte> next = vocabulary.BytesOf(allowed[random.Next(allowed.Length)]);
            (a, b) = (large.Advance(a, next), small.Advance(b, next));
            small.Accepts(b).ShouldBe(large.Accepts(a));
        }
        small.Flushes.ShouldBeGreaterThan(2);
        large.Flushes.ShouldBe(0);
    }

    [Fact]
    public void Mask_Cancelled_Throws()
    {
        TokenGrammar grammar = new(Grammar.Json.Network, GrammarWalk.Vocabulary());
        GrammarState state = grammar.Start;
        Should.Throw<OperationCanceledException>(() => grammar.Mask(ref state, new CancellationToken(canceled: true)));
        grammar.Mask(ref state).ShouldContain(word => word != 0);
    }

    [Fact]
    public void State_OfEarlier_MayBeGoneBackTo()
    {
        TokenGrammar grammar = new(Grammar.FromRegex("ab|ac").Network, GrammarWalk.Vocabulary());
        GrammarState after = grammar.Advance(grammar.Start, "a"u8);
        grammar.Accepts(grammar.Advance(after, "b"u8)).ShouldBeTrue();
        grammar.Accepts(grammar.Advance(after, "c"u8)).ShouldBeTrue();
        grammar.Accepts(grammar.Advance(after, "d"u8)).ShouldBeFalse();
    }

    [Fact]
    public void Trie_OfTokens_HasEachWhereItsBytesEnd()
    {
        List<byte[]> tokens = GrammarWalk.Tokens();
        VocabularyTrie trie = VocabularyTrie.Of(tokens);
        List<byte> path = [];
        int found = 0;
        for (int node = 0; node < trie.Labels.Length; node++)
        {
            path.RemoveRange(trie.Depths[node] - 1, path.Count - trie.Depths[node] + 1);
            path.Add(trie.Labels[node]);
            for (int i = trie.FirstIds[node]; i < trie.FirstIds[node + 1]; i++, found++) tokens[trie.Ids[i]].ShouldBe(path);
            int end = node + 1;
            while (end < trie.Labels.Length && trie.Depths[end] > trie.Depths[node]) end++;
            trie.Ends[node].ShouldBe(end);
        }
        found.ShouldBe(tokens.Count(token => token.Length > 0));
    }
}
