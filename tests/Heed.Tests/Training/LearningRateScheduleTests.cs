using Heed.Training;

namespace Heed.Tests.Training;

public sealed class LearningRateScheduleTests
{
    [Theory]
    [InlineData(ScheduleKind.Constant, 0, 2e-4)]
    [InlineData(ScheduleKind.Constant, 3, 8e-4)]
    [InlineData(ScheduleKind.Constant, 4, 1e-3)]
    [InlineData(ScheduleKind.Constant, 103, 1e-3)]
    [InlineData(ScheduleKind.Linear, 4, 1e-3)]
    [InlineData(ScheduleKind.Linear, 54, 5.5e-4)]
    [InlineData(ScheduleKind.Linear, 104, 1e-4)]
    [InlineData(ScheduleKind.Linear, 500, 1e-4)]
    [InlineData(ScheduleKind.Cosine, 4, 1e-3)]
    [InlineData(ScheduleKind.Cosine, 29, 8.681980515339464e-4)] // 1e-4 + 9e-4·(1 + cos 45°)/2
    [InlineData(ScheduleKind.Cosine, 54, 5.5e-4)]
    [InlineData(ScheduleKind.Cosine, 104, 1e-4)]
    public void At_FourWarmupStepsOfHundredAndFour_IsAsByHand(ScheduleKind kind, long step, double expected) =>
        new LearningRateSchedule(kind, 1e-3, 104, 4, 0.1).At(step).ShouldBe(expected, 1e-15);

    [Fact]
    public void At_NoWarmup_BeginsAtThePeak() => new LearningRateSchedule(ScheduleKind.Cosine, 3e-4, 10).At(0).ShouldBe(3e-4);

    [Fact]
    public void At_WarmupLongerThanTheRun_NeverPassesThePeak()
    {
        LearningRateSchedule schedule = new(ScheduleKind.Cosine, 1, 5, 10);
        Enumerable.Range(0, 20).Max(step => schedule.At(step)).ShouldBeLessThanOrEqualTo(1);
        schedule.At(4).ShouldBe(5.0 / 11, 1e-15);
    }

    [Theory]
    [InlineData("Steps")]
    [InlineData("LearningRate")]
    [InlineData("MinLearningRateRatio")]
    [InlineData("Beta2")]
    [InlineData("GradientAccumulation")]
    [InlineData("ClipNorm")]
    public void Validate_ValueOutOfRange_NamesIt(string name)
    {
        TrainingOptions wrong = name switch
        {
            "Steps" => new() { Steps = 0 },
            "LearningRate" => new() { LearningRate = double.NaN },
            "MinLearningRateRatio" => new() { MinLearningRateRatio = 1.5 },
            "Beta2" => new() { Beta2 = 1 },
            "GradientAccumulation" => new() { GradientAccumulation = 0 },
            _ => new() { ClipNorm = -1 },
        };
        Should.Throw<ArgumentException>(() => wrong.Validate()).Message.ShouldContain(name);
    }
}
