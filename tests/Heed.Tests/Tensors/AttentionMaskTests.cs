using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Tests.Tensors;

public sealed class AttentionMaskTests
{
    public static TheoryData<int, int> Sizes => new()
    {
        { 1, 1 }, { 5, 5 }, { 1, 70 }, { 7, 3 }, { 64, 64 }, { 65, 130 }, { 130, 65 }, { 100, 100 }, { 3, 200 }, { 0, 5 }, { 5, 0 }, { 0, 0 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Compile_EachKind_MatchesPredicate(int queries, int keys)
    {
        Random random = new(queries * 1000 + keys);
        for (int kind = 0; kind < 16; kind++)
        {
            if (kind == 15 && queries * keys == 0) continue;
            Check(RandomMask.Kind(kind, random, 2, 2, queries, keys), 2, 2, queries, keys);
        }
    }

    [Fact]
    public void Compile_RandomCompositions_MatchesPredicate()
    {
        for (int seed = 0; seed < 120; seed++)
        {
            Random random = new(seed);
            int queries = random.Next(1, 140), keys = random.Next(1, 140), batch = random.Next(1, 4), heads = random.Next(1, 4);
            Check(RandomMask.Draw(random, 3, batch, heads, queries, keys), batch, heads, queries, keys);
        }
    }

    [Fact]
    public void Cover_RandomRectangles_MatchesPredicate()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            int queries = random.Next(1, 40), keys = random.Next(1, 40);
            RandomMask drawn = RandomMask.Draw(random, 2, 2, 2, queries, keys);
            int q0 = random.Next(queries), q1 = random.Next(q0, queries + 1), k0 = random.Next(keys), k1 = random.Next(k0, keys + 1);
            int seen = 0;
            for (int i = q0; i < q1; i++)
                for (int j = k0; j < k1; j++)
                    if (drawn.Sees(1, 0, i, j)) seen++;
            MaskCover expected = seen == 0 ? MaskCover.Empty : seen == (q1 - q0) * (k1 - k0) ? MaskCover.Full : MaskCover.Mixed;
            drawn.Mask.Cover(q0..q1, k0..k1, queries, keys, 1, 0).ShouldBe(expected, $"seed {seed}: {drawn.Mask}");
        }
    }

    [Fact]
    public void Compile_IntervalMasks_NeedNoTiles()
    {
        int[] ids = [.. Enumerable.Range(0, 200).Select(j => j / 31)];
        AttentionMask causal = AttentionMask.Causal, left = AttentionMask.Padding([150, 200], PaddingSide.Left), right = AttentionMask.Padding([150, 200]);
        AttentionMask documents = AttentionMask.Documents(ids), window = AttentionMask.SlidingWindow(9), centered = AttentionMask.CenteredWindow(9);
        foreach (AttentionMask mask in (AttentionMask[])[AttentionMask.All, causal, left, right, documents, window, centered, AttentionMask.Prefix(70),
            causal | AttentionMask.Prefix(70), causal & documents, causal & left & documents, window & right & documents, centered & left, documents & centered,
            window | causal, AttentionMask.BlockSparse(16, 3, 0, 0), AttentionMask.Dense(causal.ToMatrix(130, 200)), AttentionMask.Predicate((p, j) => j <= p)])
            mask.Compile(2, 3, 130, 200).Tiles.ShouldBeNull(mask.ToString());
    }

    [Fact]
    public void Compile_MaskWithGaps_GivesTiles()
    {
        AttentionMask mask = AttentionMask.SlidingWindow(8) | AttentionMask.GlobalTokens(0);
        MaskTiles tiles = mask.Compile(3, 4, 256, 256).Tiles.ShouldNotBeNull();
        (tiles.BatchMaps, tiles.HeadMaps).ShouldBe((1, 1));
        tiles.KeyTiles.Length.ShouldBe(4 + 2 + 3 + 3); // the global row's all; then the global key's, the diagonal and its left neighbour
        tiles.Bits[0].ShouldBe(0);
    }

    [Fact]
    public void Compile_SameTilesAgain_ShareTheirBits()
    {
        MaskTiles tiles = AttentionMask.CenteredWindow(64, 2).Compile(1, 1, 4096, 4096).Tiles.ShouldNotBeNull();
        tiles.KeyTiles.Length.ShouldBeGreaterThan(300);
        (tiles.RowBits.Length / 64).ShouldBeLessThan(12);
    }

    [Fact]
    public void Compile_FullTiles_HaveNoBits()
    {
        MaskTiles tiles = AttentionMask.BlockSparse(64, 3, 1, 2, seed: 5).Compile(1, 1, 1000, 1000).Tiles.ShouldNotBeNull();
        tiles.Bits.ShouldAllBe(bits => bits == -1);
        tiles.RowBits.ShouldBeEmpty();
    }

    [Fact]
    public void Row8_AnalyticMasks_AllocateByTokensNotPairs()
    {
        const int Tokens = 8192;
        int[] ids = [.. Enumerable.Range(0, Tokens).Select(j => j / 500)];
        AttentionMask causal = AttentionMask.Causal, window = AttentionMask.SlidingWindow(256);
        AttentionMask[] masks = [causal, window, causal & AttentionMask.Documents(ids), causal & AttentionMask.Padding([Tokens / 2], PaddingSide.Left),
            causal | AttentionMask.Prefix(100), window | AttentionMask.GlobalTokens(0, 5), AttentionMask.CenteredWindow(128, 2), AttentionMask.BlockSparse(64)];
        foreach (AttentionMask mask in masks)
        {
            mask.Compile(1, 8, 64, 64 + ids.Length - 64);
            long before = GC.GetAllocatedBytesForCurrentThread();
            mask.Compile(1, 8, Tokens, Tokens);
            // Two numbers per query, one query tile's bits, and little else; a byte per pair would be 64 MiB.
            (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(400_000, mask.ToString());
        }
    }

    [Fact]
    public void Row42_SlidingWindow_SeesMinOfPositionAndWindow()
    {
        const int Window = 5, Tokens = 23;
        bool[,] seen = AttentionMask.SlidingWindow(Window).ToMatrix(Tokens, Tokens);
        for (int i = 0; i < Tokens; i++)
        {
            Enumerable.Range(0, Tokens).Count(j => seen[i, j]).ShouldBe(Math.Min(i + 1, Window));
            seen[i, i].ShouldBeTrue();
        }
        // The document's window is centred: as many keys, and some of them later ones.
        bool[,] centred = AttentionMask.CenteredWindow(Window / 2).ToMatrix(Tokens, Tokens);
        Enumerable.Range(0, Tokens).Count(j => centred[10, j]).ShouldBe(Window);
        Enumerable.Range(11, Tokens - 11).Any(j => centred[10, j]).ShouldBeTrue();
        Enumerable.Range(11, Tokens - 11).Any(j => seen[10, j]).ShouldBeFalse();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Row42_SlidingWindow_ReachesLayersTimesWindowLessOne(int layers)
    {
        const int Window = 4, Tokens = 30;
        bool[,] seen = AttentionMask.SlidingWindow(Window).ToMatrix(Tokens, Tokens);
        HashSet<int> reached = [Tokens - 1];
        for (int layer = 0; layer < layers; layer++)
            reached = [.. Enumerable.Range(0, Tokens).Where(j => reached.Any(i => seen[i, j]))];
        reached.Count.ShouldBe(layers * (Window - 1) + 1);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(10, 3, 1)] // no length has to be a multiple of the window
    [InlineData(37, 5, 2)]
    [InlineData(7, 100, 1)]
    public void Row43_Longformer_IsBandWithDilationAndGlobalRowsAndColumns(int tokens, int window, int dilation)
    {
        bool[,] seen = (AttentionMask.CenteredWindow(window, dilation) | AttentionMask.GlobalTokens(0, 4)).ToMatrix(tokens, tokens);
        for (int i = 0; i < tokens; i++)
            for (int j = 0; j < tokens; j++)
                seen[i, j].ShouldBe(Math.Abs(i - j) <= window * dilation && (i - j) % dilation == 0 || i is 0 or 4 || j is 0 or 4, $"{i}, {j}");
        // None of these lengths can be cut into the document's chunks of two windows.
        Should.Throw<ArgumentException>(() => Tensor.Zeros(new Shape(tokens, 4)).Reshape(tokens / (2 * window), 2 * window, 4));
    }

    [Fact]
    public void Row12_PaddingOnTheLeft_HidesPadsAndLeavesTheirRowsEmpty()
    {
        CompiledMask mask = (AttentionMask.Causal & AttentionMask.Padding([2, 5], PaddingSide.Left)).Compile(2, 1, 5, 5);
        mask.Limits.ShouldBe([-1, -1, -1, 3, 4, 0, 1, 2, 3, 4]);
        mask.Firsts.ShouldBe([0, 0, 0, 3, 3, 0, 0, 0, 0, 0]);
    }

    [Fact]
    public void Row10_CausalWithFewerQueriesThanKeys_AlignsAtTheEnd() =>
        AttentionMask.Causal.Compile(1, 1, 2, 5).Limits.ShouldBe([3, 4]);

    [Fact]
    public void Sees_OfOnePair_MatchesMatrix()
    {
        AttentionMask mask = AttentionMask.SlidingWindow(3) | AttentionMask.Prefix(1, 2);
        bool[,] matrix = mask.ToMatrix(4, 9, batch: 1);
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 9; j++) mask.Sees(i, j, 4, 9, batch: 1).ShouldBe(matrix[i, j]);
    }

    [Fact]
    public void Predicate_BehindAWindow_IsAskedOnlyInside()
    {
        int asked = 0;
        AttentionMask mask = AttentionMask.Predicate((p, j) => { asked++; return (p + j) % 2 == 0; }) & AttentionMask.SlidingWindow(16);
        mask.Compile(4, 4, 1000, 1000);
        asked.ShouldBeLessThan(2 * 16 * 1000 + 1);
    }

    [Fact]
    public void ToString_OfCompositions_ReadsAsWritten() =>
        ((AttentionMask.Causal | AttentionMask.Prefix(3)) & AttentionMask.SlidingWindow(4)).ToString().ShouldBe("(Causal | Prefix(3)) & SlidingWindow(4)");

    internal static void Check(RandomMask drawn, int batch, int heads, int queries, int keys)
    {
        CompiledMask compiled = drawn.Mask.Compile(batch, heads, queries, keys);
        if (compiled.Tiles is { } tiles) CompiledMaskReader.CheckTiles(tiles);
        for (int b = 0; b < batch; b++)
            for (int h = 0; h < heads; h++)
                for (int i = 0; i < queries; i++)
                    for (int j = 0; j < keys; j++)
                        if (CompiledMaskReader.Sees(compiled, queries, b, h, i, j) != drawn.Sees(b, h, i, j))
                            throw new ShouldAssertException($"{drawn.Mask}, {queries} queries, {keys} keys: ({b}, {h}, {i}, {j}) is {!drawn.Sees(b, h, i, j)}");
        for (int r = 0; r < compiled.Limits.Length; r++)
        {
            int[] seen = [.. Enumerable.Range(0, keys).Where(j => Enumerable.Range(0, heads).Any(h => drawn.Sees(r / queries, h, r % queries, j)))];
            compiled.Limits[r].ShouldBe(seen.Length == 0 ? -1 : seen[^1]);
            if (seen.Length > 0) (compiled.Firsts.Length == 0 ? 0 : compiled.Firsts[r]).ShouldBe(seen[0]);
        }
    }
}
