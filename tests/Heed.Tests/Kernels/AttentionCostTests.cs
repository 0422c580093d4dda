using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>The work of tiled attention, predicted and counted by the kernels themselves.</summary>
public sealed class AttentionCostTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);

    public void Dispose() => _pool.Dispose();

    [Theory]
    [InlineData(64)]
    [InlineData(80)]
    public void Row49_TiledForwardAndBackward_DoSevenSixthsOfTheStandardProducts(int dim)
    {
        AttentionCounter counter = Count(256, 192, dim, causal: false);
        AttentionCost standard = AttentionCost.StandardForward(2, 256, 192, dim, dim) + AttentionCost.StandardBackward(2, 256, 192, dim, dim);
        (counter.MultiplyAdds * 6).ShouldBe(standard.MultiplyAdds * 7);
    }

    [Theory]
    [InlineData(256, 192)]
    [InlineData(100, 130)]
    [InlineData(600, 70)]
    [InlineData(1, 1)]
    public void Row49_CountedWorkAndTraffic_AreThePredictedOnes(int queries, int keys)
    {
        AttentionCounter counter = Count(queries, keys, 48, causal: false);
        AttentionCost tiled = AttentionCost.TiledForward(2, queries, keys, 48, 48, 64) + AttentionCost.TiledBackward(2, queries, keys, 48, 48, 64, 512);
        counter.MultiplyAdds.ShouldBe(tiled.MultiplyAdds);
        counter.Bytes.ShouldBe(tiled.Bytes);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(1024)]
    public void Row49_Traffic_IsBelowTheStandardsAndFarBelowUnderACausalMask(int seq)
    {
        AttentionCost standard = AttentionCost.StandardForward(2, seq, seq, 64, 64) + AttentionCost.StandardBackward(2, seq, seq, 64, 64);
        Count(seq, seq, 64, causal: false).Bytes.ShouldBeLessThan(standard.Bytes * 4 / 5);
        Count(seq, seq, 64, causal: true).Bytes.ShouldBeLessThan(standard.Bytes / 2);
    }

    [Fact]
    public void Run_CausalMask_SkipsTilesThatNobodySees()
    {
        long all = Count(512, 512, 64, causal: false).MultiplyAdds, causal = Count(512, 512, 64, causal: true).MultiplyAdds;
        long tiles = 8 * 9 / 2; // of 64; on the diagonal a quarter is left out, except for dq
        causal.ShouldBeLessThan(all * tiles / 64);
        causal.ShouldBeGreaterThan(all / 2);
    }

    private AttentionCounter Count(int queries, int keys, int dim, bool causal)
    {
        AttentionCounter counter = new();
        new TrainingCase
        {
            Queries = queries,
            Keys = keys,
            Heads = 2,
            KvHeads = 2,
            HeadDim = dim,
            ValueDim = dim,
            Limits = [.. Enumerable.Range(0, queries).Select(i => causal ? i : keys - 1)],
        }.Fill(1).Run(_pool, counter);
        return counter;
    }
}
