using System.Globalization;
using System.Xml.Linq;
using Heed.Tensors;

namespace Heed.Tests.Tensors;

public sealed class BlockSparseMaskTests
{
    [Theory]
    [InlineData(4, 3, 2, 3, 64)]
    [InlineData(5, 1, 0, 2, 63)]
    [InlineData(3, 5, 1, 0, 40)]
    [InlineData(8, 3, 1, 9, 41)] // fewer blocks than it may draw
    public void BlockSparse_EachBlockRow_HasWindowGlobalAndRandomBlocks(int block, int window, int global, int random, int tokens)
    {
        int blocks = (tokens + block - 1) / block;
        bool[,] seen = AttentionMask.BlockSparse(block, window, global, random, seed: 3).ToMatrix(tokens, tokens);
        for (int q = 0; q < blocks; q++)
        {
            int drawn = 0, left = 0;
            for (int k = 0; k < blocks; k++)
            {
                bool named = q < global || k < global || Math.Abs(q - k) <= window / 2;
                bool[] pairs = [.. from i in Enumerable.Range(q * block, block) from j in Enumerable.Range(k * block, block) where i < tokens && j < tokens select seen[i, j]];
                pairs.Distinct().Count().ShouldBe(1, "blocks are whole");
                if (named) pairs[0].ShouldBeTrue($"{q}, {k}");
                else
                {
                    left++;
                    drawn += pairs[0] ? 1 : 0;
                }
            }
            drawn.ShouldBe(Math.Min(random, left), $"query block {q}");
        }
    }

    [Fact]
    public void BlockSparse_SameSeed_GivesSameBlocks()
    {
        bool[,] first = AttentionMask.BlockSparse(4, 3, 1, 3, seed: 1).ToMatrix(200, 200);
        AttentionMask.BlockSparse(4, 3, 1, 3, seed: 1).ToMatrix(200, 200).ShouldBe(first);
        AttentionMask.BlockSparse(4, 3, 1, 3, seed: 2).ToMatrix(200, 200).ShouldNotBe(first);
    }

    [Fact]
    public void BlockSparse_ManySeeds_DrawEachBlockAsOften()
    {
        int[] counts = new int[20];
        for (int seed = 0; seed < 2000; seed++)
        {
            bool[,] seen = AttentionMask.BlockSparse(1, 1, 0, 4, seed).ToMatrix(20, 20);
            for (int j = 0; j < 20; j++) counts[j] += seen[10, j] ? 1 : 0;
        }
        // Four of 19 others: 421 ± 18 of 2000; five deviations.
        for (int j = 0; j < 20; j++)
            if (j == 10) counts[j].ShouldBe(2000);
            else counts[j].ShouldBeInRange(330, 512);
    }

    [Fact]
    public void BlockSparse_Causal_RowsDoNotDependOnLaterKeys()
    {
        AttentionMask mask = AttentionMask.BlockSparse(4, 3, 1, 2, seed: 9, causal: true);
        bool[,] all = mask.ToMatrix(50, 50);
        for (int keys = 1; keys <= 50; keys++)
        {
            bool[,] last = mask.ToMatrix(1, keys);
            for (int j = 0; j < 50; j++) (j < keys && last[0, j]).ShouldBe(all[keys - 1, j]);
        }
    }

    [Fact]
    public void Compile_BlockSparseInCompositions_MatchesMatrix()
    {
        foreach ((int queries, int keys) in ((int, int)[])[(100, 100), (30, 150), (150, 30)])
        {
            AttentionMask blocks = AttentionMask.BlockSparse(7, 3, 1, 2, seed: 4), mask = blocks & AttentionMask.Causal | AttentionMask.Prefix(3);
            bool[,] seen = blocks.ToMatrix(queries, keys);
            AttentionMaskTests.Check(new RandomMask(mask, (_, _, i, j) => seen[i, j] && j <= i + keys - queries || j < 3), 1, 1, queries, keys);
        }
    }

    [Fact]
    public void Svg_OfAMask_DrawsWhatIsSeen()
    {
        string svg = AttentionMaskPicture.Svg(AttentionMask.SlidingWindow(2) | AttentionMask.GlobalTokens(0), 6, 6, "a < b & c");
        XElement root = XElement.Parse(svg);
        root.Descendants().First(e => e.Name.LocalName == "title").Value.ShouldBe("a < b & c");
        string path = root.Descendants().First(e => e.Name.LocalName == "path").Attribute("d")!.Value;
        int cells = path.Split('M', StringSplitOptions.RemoveEmptyEntries).Sum(run => int.Parse(run[(run.IndexOf('h') + 1)..run.IndexOf('v')], CultureInfo.InvariantCulture)) / 12;
        cells.ShouldBe(6 + 2 + 3 + 3 + 3 + 3); // row 0 sees all, row i the first key and two more
    }
}
