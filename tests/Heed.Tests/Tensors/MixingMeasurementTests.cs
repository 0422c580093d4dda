using Heed.Tensors;

namespace Heed.Tests.Tensors;

public sealed class MixingMeasurementTests
{
    public static TheoryData<MixingKind> Kinds => [.. Enum.GetValues<MixingKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Measure_EveryKind_RunsBothPassesAndTakesTheMemoryThatIsPredicted(MixingKind kind)
    {
        MixingMeasurement measured = MixingMeasurement.Measure(kind, 320, 4, 16, threads: 2, repeats: 1);

        measured.Forward.ShouldBeGreaterThan(TimeSpan.Zero);
        measured.Backward.ShouldBeGreaterThan(TimeSpan.Zero);
        measured.PredictedMultiplyAdds.ShouldBeGreaterThan(0);
        // Small tensors are rounded up to whole pieces of memory; gradients of projections lie outside of the step.
        ((double)measured.Bytes / measured.PredictedBytes).ShouldBeInRange(0.4, 1.6);
    }

    [Theory]
    [InlineData(MixingKind.MultiHead, 7L * 320 * 320 * 64)]
    [InlineData(MixingKind.MultiQuery, 7L * 320 * 320 * 64)]
    [InlineData(MixingKind.Local, 7L * (256 * 256 + 64 * 64) * 64)]
    [InlineData(MixingKind.TopK, 8L * 320 * 320 * 64)]
    public void Measure_WholeTiles_CountsJustThePredictedProducts(MixingKind kind, long expected)
    {
        MixingMeasurement measured = MixingMeasurement.Measure(kind, 320, 4, 16, threads: 2, repeats: 2);
        measured.PredictedMultiplyAdds.ShouldBe(expected);
        measured.MultiplyAdds.ShouldBe(expected);
    }

    [Theory]
    [InlineData(MixingKind.Sliding)]
    [InlineData(MixingKind.Longformer)]
    [InlineData(MixingKind.BigBird)]
    public void Measure_SparseMasks_CountAtMostTheirTiles(MixingKind kind)
    {
        MixingMeasurement measured = MixingMeasurement.Measure(kind, 2048, 4, 16, threads: 2, repeats: 1);
        measured.MultiplyAdds.ShouldBeInRange(measured.PredictedMultiplyAdds, measured.PredictedMultiplyAdds * 4 / 3);
        measured.MultiplyAdds.ShouldBeLessThan(7L * 2048 * 2048 * 64 / 2);
    }

    [Fact]
    public void CountPairs_RandomMasks_CountsWhatTheMatrixShows()
    {
        AttentionMask[] masks = [AttentionMask.Causal, AttentionMask.SlidingWindow(9), AttentionMask.CenteredWindow(5) | AttentionMask.GlobalTokens(0, 66), AttentionMask.BlockSparse(16, seed: 3), AttentionMask.Predicate((i, j) => (i * 7 + j) % 3 == 0)];
        foreach (AttentionMask mask in masks)
        {
            long expected = mask.ToMatrix(70, 130).Cast<bool>().LongCount(seen => seen);
            mask.Compile(1, 1, 70, 130).CountPairs(70).ShouldBe(expected, mask.ToString());
        }
    }

    [Fact]
    public void Measure_HeadsThatDoNotDivide_IsAClearError() =>
        Should.Throw<ArgumentOutOfRangeException>(() => MixingMeasurement.Measure(MixingKind.GroupedQuery, 8, 6, 8, 1)).Message.ShouldContain("heads divisible by 4");
}
