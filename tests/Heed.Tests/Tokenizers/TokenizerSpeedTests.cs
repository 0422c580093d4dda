using System.Diagnostics;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

/// <summary>Encoding stays near-linear where nothing cuts the text.</summary>
public class TokenizerSpeedTests
{
    [Theory]
    [InlineData("helotwrda")]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("\u0301")]
    [InlineData("A'")]
    public void Encode_OneLongWord_IsNotQuadratic(string letters)
    {
        // Eight tokenizers take a second or two; quadratic ones would need minutes.
        Random random = new(3);
        string word = new(Enumerable.Range(0, 150_000).Select(_ => letters[random.Next(letters.Length)]).ToArray());
        long start = Stopwatch.GetTimestamp();
        foreach ((_, Tokenizer tokenizer) in SmallVocabularies.All()) tokenizer.Decode(tokenizer.Encode(word)).Length.ShouldBe(word.Length);
        Stopwatch.GetElapsedTime(start).TotalSeconds.ShouldBeLessThan(30);
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(80_000)]
    public void Merge_OneLongWord_StepsAreLinear(int length)
    {
        // Each merge takes one symbol away and puts at most two pairs on the heap.
        MergeTable table = new(64);
        for (int size = 0; size < 16; size++) table.Add(size, size, size, size + 1);
        int[] symbols = new int[length];
        int count = BpeMerger.MergeByHeap(table, symbols, null, out int steps);
        count.ShouldBeLessThan(length / 1000);
        steps.ShouldBeLessThanOrEqualTo(3 * length);
    }

    [Fact]
    public void Merge_LongAndShortWords_Agree()
    {
        // The heap and the scan must give the same: a word is the same encoded by itself, which is short, or inside a long one.
        MergeTable table = new(8);
        (int Left, int Right, int Rank, int Result)[] merges = [(0, 0, 2, 3), (0, 1, 0, 4), (4, 3, 1, 5), (3, 3, 3, 6), (1, 4, 4, 7)];
        foreach ((int left, int right, int rank, int result) in merges) table.Add(left, right, rank, result);
        Random random = new(11);
        for (int trial = 0; trial < 300; trial++)
        {
            int[] word = Enumerable.Range(0, random.Next(2, 30)).Select(_ => random.Next(2)).ToArray();
            int[] alone = word.ToArray();
            int[] expected = alone[..BpeMerger.Merge(table, alone)];

            // -1 merges with nothing, so the copies keep to themselves.
            int[] repeated = Enumerable.Repeat(word.Append(-1), 50).SelectMany(copy => copy).ToArray();
            int[] actual = repeated[..BpeMerger.Merge(table, repeated)];
            actual.ShouldMatch(Enumerable.Repeat(expected.Append(-1), 50).SelectMany(copy => copy).ToArray());
        }
    }
}
