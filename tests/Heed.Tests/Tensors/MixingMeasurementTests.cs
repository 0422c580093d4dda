using Heed.Tensors;

namespace Heed.Tests.Tensors;

public sealed class MixingMeasurementTests
{
    public static TheoryData<MixingKind> Kinds => [.. Enum.GetValues<MixingKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Measure_EveryKind_RunsBothPassesAndTakesTheMemoryThatIsPredicted(MixingKind kind)
    {
        MixingMeasurement measured = MixingMeasurement.Measure(kind, 1024, 4, 16, threads: 2, repeats: 1);

        foreach (MixingPass pass in (MixingPass[])[measured.Forward, measured.Backward])
        {
            pass.Time.ShouldBeGreaterThan(TimeSpan.Zero);
            pass.PredictedMultiplyAdds.ShouldBeGreaterThan(0);
            pass.Bytes.ShouldBeGreaterThan(0);
            (pass.MovedBytes > 0).ShouldBe(kind is not (MixingKind.AftFull or MixingKind.AftLocal or MixingKind.AftSimple or MixingKind.Mamba));
            // Intervals end in the middle of tiles, and tiles in the middle of windows.
            if (pass.MovedBytes > 0) ((double)pass.MovedBytes / pass.PredictedMovedBytes).ShouldBeInRange(0.85, 1.2);
        }
        // Small tensors are rounded up to whole pieces of memory.
        ((double)measured.Bytes / measured.PredictedBytes).ShouldBeInRange(0.9, 1.1);
    }

    [Fact]
    public void Measure_NumbersOutOfRange_NamesTheArgument()
    {
        NameOf(() => MixingMeasurement.Measure(MixingKind.MultiHead, 0, 1, 1, 1)).ShouldBe("tokens");
        NameOf(() => MixingMeasurement.Measure(MixingKind.MultiHead, 1, 0, 1, 1)).ShouldBe("heads");
        NameOf(() => MixingMeasurement.Measure(MixingKind.MultiHead, 1, 1, 0, 1)).ShouldBe("headDim");
        NameOf(() => MixingMeasurement.Measure(MixingKind.MultiHead, 1, 1, 1, 0)).ShouldBe("threads");
        NameOf(() => MixingMeasurement.Measure(MixingKind.MultiHead, 1, 1, 1, 1, repeats: 0)).ShouldBe("repeats");
        NameOf(() => AttentionMeasurement.Measure(0, 1, 1, 1)).ShouldBe("heads");
        NameOf(() => AttentionMeasurement.Measure(1, -1, 1, 1)).ShouldBe("headDim");
        NameOf(() => AttentionMeasurement.Measure(1, 1, 0, 1)).ShouldBe("tokens");
        NameOf(() => AttentionMeasurement.Measure(1, 1, 1, 0)).ShouldBe("threads");
        NameOf(() => AttentionMeasurement.Measure(1, 1, 1, 1, repeats: 0)).ShouldBe("repeats");
        NameOf(() => MachineSpeed.ReadBandwidth(0)).ShouldBe("threads");
        NameOf(() => MachineSpeed.MultiplyAddPeak(1, 0)).ShouldBe("times");

        static string? NameOf(Action measure) => Should.Throw<ArgumentOutOfRangeException>(measure).ParamName;
    }

    [Theory]
    [InlineData(MixingKind.MultiHead, 7L * 320 * 320 * 64)]
    [InlineData(MixingKind.MultiQuery, 7L * 320 * 320 * 64)]
    [InlineData(MixingKind.Local, 7L * (256 * 256 + 64 * 64) * 64)]
    [InlineData(MixingKind.TopK, 8L * 320 * 320 * 64)]
    public void Measure_WholeTiles_CountsJustThePredictedProducts(MixingKind kind, long expected)
    {
        MixingMeasurement measured = MixingMeasurement.Measure(kind, 320, 4, 16, threads: 2, repeats: 2);
        int backward = 5, all = kind == MixingKind.TopK ? 8 : 7;
        measured.Backward.PredictedMultiplyAdds.ShouldBe(expected / all * backward);
        measured.Forward.PredictedMultiplyAdds.ShouldBe(expected / all * (all - backward));
        (measured.Forward.MultiplyAdds, measured.Backward.MultiplyAdds).ShouldBe((measured.Forward.PredictedMultiplyAdds, measured.Backward.PredictedMultiplyAdds));
        (measured.Forward.MovedBytes, measured.Backward.MovedBytes).ShouldBe((measured.Forward.PredictedMovedBytes, measured.Backward.PredictedMovedBytes));
    }

    [Theory]
    [InlineData(MixingKind.Sliding)]
    [InlineData(MixingKind.Longformer)]
    [InlineData(MixingKind.BigBird)]
    public void Measure_SparseMasks_CountAtMostTheirTiles(MixingKind kind)
    {
        MixingMeasurement measured = MixingMeasurement.Measure(kind, 2048, 4, 16, threads: 2, repeats: 1);
        foreach (MixingPass pass in (MixingPass[])[measured.Forward, measured.Backward])
            pass.MultiplyAdds.ShouldBeInRange(pass.PredictedMultiplyAdds, pass.PredictedMultiplyAdds * 4 / 3);
        (measured.Forward.MultiplyAdds + measured.Backward.MultiplyAdds).ShouldBeLessThan(7L * 2048 * 2048 * 64 / 2);
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
