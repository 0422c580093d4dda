using Heed.Training.Scaling;

namespace Heed.Tests.Training.Scaling;

public sealed class ScalingFitTests
{
    private static readonly double[] s_sizes = [25e3, 60e3, 150e3, 350e3, 800e3];
    private static readonly double[] s_tokens = [250e3, 500e3, 1e6, 2e6];

    // The two fits of arXiv 2203.15556: its appendix D.3, and about what small models on small texts give.
    public static TheoryData<double, double, double, double, double> Laws() => new()
    {
        { 1.69, 406.4, 0.34, 410.7, 0.28 },
        { 0.9, 60, 0.40, 90, 0.37 },
        { 0.5, 5, 0.15, 2000, 0.7 },
    };

    [Theory]
    [MemberData(nameof(Laws))]
    public void Fit_LossesOfALaw_FindsIt(double e, double a, double alpha, double b, double beta)
    {
        ScalingLaw law = new(e, a, alpha, b, beta);
        ScalingFit fit = ScalingFit.Fit(Grid(law, _ => 0), new ScalingFitOptions { Resamples = 10 });

        fit.Law.Alpha.ShouldBe(alpha, 1e-3 * alpha);
        fit.Law.Beta.ShouldBe(beta, 1e-3 * beta);
        fit.Law.E.ShouldBe(e, 1e-3 * e);
        fit.Law.Loss(3e6, 1e7).ShouldBe(law.Loss(3e6, 1e7), 1e-4);
        fit.ResidualDeviation.ShouldBeLessThan(1e-6);
    }

    [Fact]
    public void Fit_NoisyLosses_IsAsGoodAsPyTorchsLbfgs()
    {
        // tests/Golden/scaling_fit.py, the paper's own method.
        ScalingLaw witness = new(1.095418922780327, 149.2892080557056, 0.4994181630100372, 217.93326695050507, 0.44682324144258707);
        ScalingPoint[] points = Grid(new ScalingLaw(0.9, 60, 0.40, 90, 0.37), i => 0.02 * Math.Sin(7.3 * i + 1));

        ScalingLaw law = ScalingFit.Fit(points, new ScalingFitOptions { Resamples = 10 }).Law;

        Huber(law, points).ShouldBeLessThanOrEqualTo(Huber(witness, points) * (1 + 1e-5));
        Huber(witness, points).ShouldBe(0.00023325429765546095, 1e-12);
        foreach ((double x, double y) in new[] { (law.E, witness.E), (law.Alpha, witness.Alpha), (law.Beta, witness.Beta) }) x.ShouldBe(y, 0.01 * y);
    }

    [Fact]
    public void Fit_NoiseOfOnePercent_BoundsCoverTheTruthAlmostAlways()
    {
        ScalingLaw law = new(0.9, 60, 0.40, 90, 0.37);
        const int Trials = 40;
        int alpha = 0, beta = 0, loss = 0, size = 0;
        double width = 0;
        for (int trial = 0; trial < Trials; trial++)
        {
            Random random = new(trial);
            ScalingFit fit = ScalingFit.Fit(Grid(law, _ => 0.01 * Normal(random)), new ScalingFitOptions { Resamples = 60 });
            if (fit.Estimate(l => l.Alpha).Covers(law.Alpha)) alpha++;
            if (fit.Estimate(l => l.Beta).Covers(law.Beta)) beta++;
            if (fit.Estimate(l => l.Loss(800e3, 2e6)).Covers(law.Loss(800e3, 2e6))) loss++;
            ScalingEstimate exponent = fit.Estimate(l => l.SizeExponent);
            if (exponent.Covers(law.SizeExponent)) size++;
            width += (exponent.High - exponent.Low) / Trials;
        }
        // 36 of 40 are expected: so few points make the bounds a little narrow.
        foreach (int covered in new[] { alpha, beta, loss, size }) covered.ShouldBeGreaterThanOrEqualTo(32);
        width.ShouldBeLessThan(0.5, "bounds that say nothing also cover the truth");
    }

    [Fact]
    public void Fit_OneWildLoss_MovesTheLawLittle()
    {
        ScalingLaw law = new(0.9, 60, 0.40, 90, 0.37);
        ScalingLaw found = ScalingFit.Fit(Grid(law, i => i == 7 ? 0.5 : 0), new ScalingFitOptions { Resamples = 10 }).Law;
        found.Alpha.ShouldBe(law.Alpha, 0.02);
        found.Beta.ShouldBe(law.Beta, 0.02);
    }

    [Fact]
    public void Fit_SameSeed_SameBounds()
    {
        ScalingPoint[] points = Grid(new ScalingLaw(0.9, 60, 0.40, 90, 0.37), i => 0.02 * Math.Sin(7.3 * i + 1));
        ScalingFitOptions options = new() { Resamples = 20 };
        ScalingEstimate first = ScalingFit.Fit(points, options).Estimate(law => law.Alpha);
        ScalingFit.Fit(points, options).Estimate(law => law.Alpha).ShouldBe(first);
        ScalingFit.Fit(points, options with { Seed = 2 }).Estimate(law => law.Alpha).Low.ShouldNotBe(first.Low);
    }

    [Fact]
    public void Fit_PointsThatDecideNothing_SaysWhy()
    {
        ScalingLaw law = new(0.9, 60, 0.40, 90, 0.37);
        ScalingPoint[] grid = Grid(law, _ => 0);
        Wrong([]).ShouldContain("got 0 points; expected 6 or more");
        Wrong(grid[..5]).ShouldContain("got 5 points");
        Wrong(grid[..8]).ShouldContain("2 sizes; expected 3 or more");
        Wrong([.. grid.Where(point => point.Tokens < 6e5)]).ShouldContain("2 numbers of tokens; expected 3 or more");
        Wrong([.. s_sizes.Append(2e6).Select(n => new ScalingPoint(n, 20 * n, law.Loss(n, 20 * n)))]).ShouldContain("rise together");
        Wrong([.. s_sizes.Append(2e6).Select(n => new ScalingPoint(n, 1e12 / n, law.Loss(n, 1e12 / n)))]).ShouldContain("against each other");
        Wrong([.. grid.Select(point => point with { Loss = 2 })]).ShouldContain("all losses are 2");
        Wrong([.. grid.Skip(1), new ScalingPoint(1e3, 1e3, double.NaN)]).ShouldContain("loss of NaN");
        Wrong([.. grid.Skip(1), new ScalingPoint(0, 1e3, 2)]).ShouldContain("0 parameters");
        Should.Throw<ArgumentException>(() => ScalingFit.Fit(grid, new ScalingFitOptions { Confidence = 1 })).Message.ShouldContain("Confidence is 1");

        static string Wrong(ScalingPoint[] points) => Should.Throw<ArgumentException>(() => ScalingFit.Fit(points)).Message;
    }

    [Fact]
    public void Optimum_OfALaw_IsTheLowestLossOfItsCompute()
    {
        ScalingLaw law = new(1.69, 406.4, 0.34, 410.7, 0.28);
        foreach (double flops in new[] { 1e12, 5.76e23 })
        {
            ComputeOptimum best = law.Optimum(flops);
            (6 * best.Parameters * best.Tokens).ShouldBe(flops, 1e-9 * flops);
            best.Loss.ShouldBe(law.Loss(best.Parameters, best.Tokens));
            foreach (double factor in new[] { 0.9, 1.1 })
                law.Loss(best.Parameters * factor, best.Tokens / factor).ShouldBeGreaterThan(best.Loss);
        }
        // Approach 3 of the paper: a = 0.46, b = 0.54 (its table 2, of unrounded numbers).
        law.SizeExponent.ShouldBe(0.4516, 1e-4);
        (law.SizeExponent + law.TokensExponent).ShouldBe(1, 1e-12);
        Should.Throw<ArgumentOutOfRangeException>(() => law.Optimum(0));
    }

    private static ScalingPoint[] Grid(ScalingLaw law, Func<int, double> noise) =>
        [.. s_sizes.SelectMany(n => s_tokens.Select(d => (N: n, D: d))).Select((at, i) => new ScalingPoint(at.N, at.D, law.Loss(at.N, at.D) * Math.Exp(noise(i))))];

    private static double Huber(ScalingLaw law, ScalingPoint[] points) => points.Sum(point =>
    {
        double off = Math.Abs(Math.Log(law.Loss(point.Parameters, point.Tokens) / point.Loss));
        return off <= 1e-3 ? off * off / 2 : 1e-3 * (off - 5e-4);
    });

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
