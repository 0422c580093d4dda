using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>What the errata ask of the attention kernel: each test tells right from the known wrong.</summary>
public sealed class FlashAttentionErrataTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);

    public void Dispose() => _pool.Dispose();

    private static AttentionCase SelfAttention(int seq, int heads, int kvHeads, int dim, bool causal, int seed) => new AttentionCase
    {
        Queries = seq,
        Keys = seq,
        Heads = heads,
        KvHeads = kvHeads,
        HeadDim = dim,
        ValueDim = dim,
        Limits = causal ? AttentionCase.Causal(1, seq, seq) : AttentionCase.All(1, seq, seq),
    }.Fill(seed);

    [Fact]
    public void Row2_MultiQuery_EqualsMultiHeadWithTiledKeysAndValues() => CheckGroups(kvHeads: 1);

    [Fact]
    public void Row5_GroupedQuery_MapsHeadToHeadDividedByGroup() => CheckGroups(kvHeads: 2);

    private void CheckGroups(int kvHeads)
    {
        const int Seq = 75, Heads = 6, Dim = 16;
        AttentionCase grouped = SelfAttention(Seq, Heads, kvHeads, Dim, causal: true, seed: 4);
        AttentionCase tiled = SelfAttention(Seq, Heads, Heads, Dim, causal: true, seed: 5);
        tiled.Q = grouped.Q;
        for (int h = 0; h < Heads; h++)
        {
            int from = h / (Heads / kvHeads); // right; h % kvHeads is the known wrong
            for (int j = 0; j < Seq; j++)
            {
                grouped.K.AsSpan(((j * kvHeads) + from) * Dim, Dim).CopyTo(tiled.K.AsSpan(((j * Heads) + h) * Dim));
                grouped.V.AsSpan(((from * Seq) + j) * Dim, Dim).CopyTo(tiled.V.AsSpan(((h * Seq) + j) * Dim));
            }
        }

        grouped.Run(_pool, panels: true).Output.ShouldHaveBitsOf(tiled.Run(_pool, panels: true).Output, $"{kvHeads} kv heads");
    }

    [Fact]
    public void Row3_PerturbedFirstValue_ChangesTheLastOutput()
    {
        AttentionCase x = SelfAttention(20, 4, 2, 8, causal: true, seed: 1);
        float[] before = x.Run(_pool, panels: true).Output;
        x.V[0] += 1f;
        float[] after = x.Run(_pool, panels: true).Output;
        after[19 * 4 * 8].ShouldNotBe(before[19 * 4 * 8]);
    }

    [Fact]
    public void Row4_PerturbedLastToken_LeavesEarlierOutputsBitEqual()
    {
        const int Seq = 131, Dim = 24;
        AttentionCase x = SelfAttention(Seq, 2, 2, Dim, causal: true, seed: 2);
        float[] before = x.Run(_pool, panels: false).Output;
        x.K.AsSpan((Seq - 1) * 2 * Dim).Fill(9f);
        x.V.AsSpan((Seq - 1) * Dim, Dim).Fill(9f);
        float[] after = x.Run(_pool, panels: false).Output;
        int last = (Seq - 1) * 2 * Dim;
        after[..last].ShouldHaveBitsOf(before[..last], "earlier rows");
        after[last].ShouldNotBe(before[last]);
    }

    [Fact]
    public void Row10_OneQueryAgainstCachedKeys_EqualsTheFullForwardsRow()
    {
        const int Seq = 150, Heads = 4, Dim = 16, Row = Heads * Dim;
        AttentionCase full = SelfAttention(Seq, Heads, 2, Dim, causal: true, seed: 6);
        float[] expected = full.Run(_pool, panels: false).Output;
        for (int i = 0; i < Seq; i++)
        {
            AttentionCase step = Chunk(full, i, 1);
            step.Run(_pool, panels: true).Output.ShouldHaveBitsOf(expected[(i * Row)..((i + 1) * Row)], $"step {i}");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(64)]
    public void Row11_PrefillInChunks_EqualsOneShot(int chunk)
    {
        const int Seq = 140, Row = 4 * 16;
        AttentionCase full = SelfAttention(Seq, 4, 1, 16, causal: true, seed: 8);
        full.Window = 50;
        float[] expected = full.Run(_pool, panels: true).Output;
        for (int i = 0; i < Seq; i += chunk)
        {
            int count = Math.Min(chunk, Seq - i);
            Chunk(full, i, count).Run(_pool, panels: true).Output
                .ShouldHaveBitsOf(expected[(i * Row)..((i + count) * Row)], $"chunk at {i}");
        }
    }

    private static AttentionCase Chunk(AttentionCase full, int from, int count) => new()
    {
        Queries = count,
        Keys = full.Keys,
        Capacity = full.Capacity,
        Heads = full.Heads,
        KvHeads = full.KvHeads,
        HeadDim = full.HeadDim,
        ValueDim = full.ValueDim,
        Window = full.Window,
        Limits = full.Limits[from..(from + count)],
        Q = full.Q[(from * full.Heads * full.HeadDim)..((from + count) * full.Heads * full.HeadDim)],
        K = full.K,
        V = full.V,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(100)]
    public void Row42_CausalWindow_SeesItselfAndAtMostWindowKeys(int window)
    {
        // With equal scores and one-hot values, output j is 1 / (number of visible keys) where j is visible.
        const int Seq = 90;
        AttentionCase x = SelfAttention(Seq, 1, 1, 4, causal: true, seed: 1);
        x.Window = window;
        x.ValueDim = Seq;
        Array.Clear(x.K);
        x.V = new float[Seq * Seq];
        for (int j = 0; j < Seq; j++)
        {
            x.V[(j * Seq) + j] = 1f;
        }

        float[] output = x.Run(_pool, panels: true).Output;
        for (int i = 0; i < Seq; i++)
        {
            int count = Math.Min(i + 1, window);
            for (int j = 0; j < Seq; j++)
            {
                bool sees = j <= i && j > i - window;
                output[(i * Seq) + j].ShouldBe(sees ? 1f / count : 0f, $"query {i}, key {j}");
            }
        }
    }

    [Fact]
    public void Row50_PermutedKeysWithoutMask_LeaveAFixedQueryAlone()
        => PermutationError(causal: false).ShouldBeLessThan(1e-5);

    [Fact]
    public void Row50_PermutedKeysUnderACausalMask_ChangeIt()
        => PermutationError(causal: true).ShouldBeGreaterThan(1e-2);

    private double PermutationError(bool causal)
    {
        const int Seq = 100, Dim = 8;
        AttentionCase x = SelfAttention(Seq, 1, 1, Dim, causal, seed: 3);
        float[] before = x.Run(_pool, panels: true).Output;
        int[] order = [.. Enumerable.Range(0, Seq)];
        new Random(1).Shuffle(order);
        x.K = [.. order.SelectMany(j => x.K[(j * Dim)..((j + 1) * Dim)])];
        x.V = [.. order.SelectMany(j => x.V[(j * Dim)..((j + 1) * Dim)])];
        float[] after = x.Run(_pool, panels: true).Output;
        int middle = 50 * Dim;
        return before[middle..(middle + Dim)].Zip(after[middle..(middle + Dim)], (a, b) => Math.Abs(a - b)).Max();
    }
}
