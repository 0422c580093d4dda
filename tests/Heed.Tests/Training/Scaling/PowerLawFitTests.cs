using Heed.Training.Scaling;

namespace Heed.Tests.Training.Scaling;

public sealed class PowerLawFitTests
{
    [Fact]
    public void Fit_LossesOfALaw_FindsIt()
    {
        // Kaplan's law of parameters.
        PowerLawFit fit = PowerLawFit.Fit([.. new[] { 1e6, 1e7, 1e8, 1e9 }.Select(n => (n, Math.Pow(8.8e13 / n, 0.076)))]);
        fit.Exponent.Value.ShouldBe(0.076, 1e-12);
        fit.Exponent.Low.ShouldBe(0.076, 1e-9);
        fit.Scale.ShouldBe(8.8e13, 1e6);
        fit.Loss(3e7).Value.ShouldBe(Math.Pow(8.8e13 / 3e7, 0.076), 1e-12);
    }

    [Fact]
    public void Fit_NoiseOfThreePercent_BoundsCoverTheTruthAsOftenAsTheySay()
    {
        const int Trials = 2000;
        int exponents = 0, losses = 0;
        Random random = new(1);
        for (int trial = 0; trial < Trials; trial++)
        {
            PowerLawFit fit = PowerLawFit.Fit([.. new[] { 1e5, 3e5, 1e6, 3e6 }.Select(n => (n, 20 * Math.Pow(n, -0.2) * Math.Exp(0.03 * Normal())))], 0.9);
            if (fit.Exponent.Covers(0.2)) exponents++;
            if (fit.Loss(1e7).Covers(20 * Math.Pow(1e7, -0.2))) losses++;
        }
        // 1800 are expected, with a deviation of 13.
        exponents.ShouldBeInRange(1750, 1850);
        losses.ShouldBeInRange(1750, 1850);

        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }

    [Fact]
    public void Fit_TooFewPlaces_SaysSo()
    {
        Should.Throw<ArgumentException>(() => PowerLawFit.Fit([(1, 2), (1, 2.1), (2, 1)])).Message.ShouldContain("stand at 2 places; expected 3 or more");
        Should.Throw<ArgumentException>(() => PowerLawFit.Fit([(1, 2), (2, 0), (3, 1)])).Message.ShouldContain("a point is at 2 with a loss of 0");
        Should.Throw<ArgumentOutOfRangeException>(() => PowerLawFit.Fit([(1, 2), (2, 1), (3, 1)], 1));
    }

    // The tables of any textbook.
    [Theory]
    [InlineData(1, 12.7062)]
    [InlineData(2, 4.3027)]
    [InlineData(3, 3.1824)]
    [InlineData(4, 2.7764)]
    [InlineData(7, 2.3646)]
    [InlineData(30, 2.0423)]
    public void Bound_OfNinetyFivePercent_IsTheTables(int freedom, double expected) => StudentT.Bound(0.95, freedom).ShouldBe(expected, 1e-4);

    [Fact]
    public void Selections_OfRuns_AreThoseThatNothingElseHoldsBack()
    {
        ScalingPoint[] points = [new(1, 10, 4), new(1, 20, 3), new(1, 20, 5), new(2, 10, 3.5), new(2, 20, 3.6), new(4, 10, 3.7), new(4, 40, 3)];
        ScalingSelection.ByParameters(points).ShouldBe([(1.0, 4.0), (2.0, 3.5), (4.0, 3.7)], "10 tokens: all three sizes");
        ScalingSelection.ByTokens(points).ShouldBe([(10.0, 3.5), (20.0, 3.6)], "40 tokens: one size alone");
        ScalingSelection.ByParameters([]).ShouldBeEmpty();
        // 60, 120 and 120 operations: the second of equal compute and what costs more for a higher loss are left out.
        ScalingSelection.ByCompute(points).ShouldBe([(60.0, 4.0), (120.0, 3.5), (960.0, 3.0)]);
    }
}
