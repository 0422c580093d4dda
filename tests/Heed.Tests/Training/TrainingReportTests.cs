using System.Xml.Linq;
using Heed.Tests.Formats;
using Heed.Training;

namespace Heed.Tests.Training;

public sealed class TrainingReportTests : IDisposable
{
    private readonly TempFolder _temp = new();

    private static readonly TrainingStep[] Steps = [.. Enumerable.Range(1, 2000).Select(i => new TrainingStep
    {
        Number = i,
        Steps = 2000,
        Loss = 4.0 / Math.Sqrt(i),
        LearningRate = 1e-3,
        GradientNorm = 1.0 / i,
        TokensPerSecond = 1000 + i % 7,
        ValidationLoss = i % 500 == 0 ? 5.0 / Math.Sqrt(i) : null,
        Sample = i % 1000 == 0 ? $"Once </pre><script>alert({i})</script> & \"more\" \0\u0001 🙂" : null,
        Tokens = 64L * i,
        Elapsed = TimeSpan.FromSeconds(i * 0.25),
    })];

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Page_OfManySteps_IsWellFormedAndHoldsEveryCurve()
    {
        string page = TrainingReport.Page(Steps, [("Seed <1>", "a & b")], "Stories & more");
        page.ShouldStartWith("<!doctype html>\n");
        XDocument document = XDocument.Parse(page[page.IndexOf('\n')..]);
        document.Descendants("svg").Select(svg => svg.Attribute("aria-label")!.Value).ShouldBe(["Loss, nats per token", "Learning rate", "Gradient norm", "Tokens per second"]);
        document.Descendants("polyline").Count().ShouldBe(5, "four curves and the validation");
        foreach (XElement line in document.Descendants("polyline"))
            line.Attribute("points")!.Value.Split(' ', ',').Select(double.Parse).ShouldAllBe(number => number >= 0 && number <= 640);
        document.Descendants("details").Count().ShouldBe(2);
        document.Descendants("pre").First().Value.ShouldContain("</pre><script>alert(2000)</script> & \"more\"");
        document.Descendants("td").First().Value.ShouldBe("Seed <1>");
        page.Length.ShouldBeLessThan(100_000);
    }

    [Fact]
    public void Page_NeedsNothingFromElsewhere()
    {
        string page = TrainingReport.Page(Steps, [], "x");
        page.ShouldNotContain("http");
        page.ShouldNotContain("<script");
        page.ShouldNotContain("url(");
        page.ShouldContain("prefers-color-scheme: dark");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Page_OfHardlyAnySteps_IsWellFormed(int count)
    {
        string page = TrainingReport.Page(Steps[..count], [], "x");
        page.ShouldNotContain("NaN");
        Should.NotThrow(() => XDocument.Parse(page[page.IndexOf('\n')..]));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3.9, 4.1)]
    [InlineData(1e-4, 1e-4)]
    [InlineData(0, 0)]
    [InlineData(-2, 1e6)]
    public void Ticks_OfAnyRange_AreAFewThatHoldIt(double low, double high)
    {
        double[] ticks = CurveChart.Ticks(low, high);
        ticks.Length.ShouldBeInRange(2, 11);
        // Up to the rounding of a tick, 3 × 0.05.
        ticks[0].ShouldBeLessThanOrEqualTo(low + 1e-12 * Math.Abs(low));
        ticks[^1].ShouldBeGreaterThanOrEqualTo(high - 1e-12 * Math.Abs(high));
        ticks.Distinct().Count().ShouldBe(ticks.Length);
    }

    [Fact]
    public void Open_LogOfALongerRun_DropsWhatComesAfter()
    {
        string path = _temp.File("metrics.jsonl");
        using (MetricsLog log = MetricsLog.Open(path, 0))
            foreach (TrainingStep step in Steps[..5]) log.Write(step);
        File.AppendAllText(path, "{\"step\":6,\"lo");
        using (MetricsLog log = MetricsLog.Open(path, 3))
            log.Write(Steps[3] with { Loss = 7, Sample = "a\n\"b\"" });
        IReadOnlyList<TrainingStep> read = MetricsLog.Read(path);
        read.Select(step => (step.Number, step.Loss)).ShouldBe([(1, Steps[0].Loss), (2, Steps[1].Loss), (3, Steps[2].Loss), (4, 7)]);
        read[3].Sample.ShouldBe("a\n\"b\"");
        read[0].ShouldBe(Steps[0] with { Steps = 0 });
    }
}
