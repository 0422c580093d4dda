using Heed.Cli.Commands;
using Heed.Cli.Measuring;

namespace Heed.Cli.Tests;

public sealed class AttentionTests
{
    [Fact]
    public void Attention_EveryKind_HasARowForEachLengthAndItsGrowth()
    {
        using TempFolder folder = new();
        string plot = folder.File("plot.svg");

        HeedResult result = HeedProcess.Run("attention", "--seq", "64,128", "--heads", "4", "--head-dim", "8", "--repeats", "1", "--plot", plot);

        result.ExitCode.ShouldBe(0, result.Err);
        foreach (string kind in new[] { "mha", "mqa", "gqa", "cross", "hard", "local", "sliding", "longformer", "bigbird", "top-k", "sinks", "linformer", "aft-full", "aft-local", "aft-simple", "mamba" })
            result.Out.Split('\n').Count(line => line.StartsWith(kind + " ", StringComparison.Ordinal)).ShouldBe(3, kind);
        result.Out.Split('\n').Count(line => line.TrimStart().StartsWith("backward", StringComparison.Ordinal)).ShouldBe(2 * 16);
        // Time, work, bytes and memory, forward and backward.
        System.Xml.Linq.XElement[] charts = [.. System.Xml.Linq.XDocument.Parse(File.ReadAllText(plot)).Root!.Elements()];
        charts.Length.ShouldBe(8);
        foreach (System.Xml.Linq.XElement chart in charts.Where((_, i) => i != 6))
            chart.Elements().Any(element => element.Attribute("stroke-dasharray") is not null).ShouldBeTrue(chart.Attribute("aria-label")!.Value);
    }

    [Fact]
    public void Attention_SenselessLine_IsRefused()
    {
        HeedProcess.Run("attention", "--kind", "magic").Err.ShouldContain("--kind is 'magic'; expected all or mha");
        HeedProcess.Run("attention", "--seq", "9..3").Err.ShouldContain("--seq is '9..3'");
        HeedProcess.Run("attention", "--kind", "gqa", "--seq", "16", "--heads", "3").Err.ShouldContain("got 3 heads; expected --heads divisible by 4");
    }

    [Theory]
    [InlineData("512", new[] { 512 })]
    [InlineData("512..4096", new[] { 512, 1024, 2048, 4096 })]
    [InlineData("300,100,300", new[] { 100, 300 })]
    [InlineData("0", null)]
    [InlineData("8..", null)]
    public void Lengths_Text_AreWhatItSays(string text, int[]? expected) => AttentionCommand.Lengths(text).ShouldBe(expected);

    [Fact]
    public void Attention_FewLengthsAndOneRepeat_SaysThatFitsMeanLittle()
    {
        string few = HeedProcess.Run("attention", "--kind", "mha", "--seq", "8,16", "--heads", "1", "--head-dim", "8", "--repeats", "1").Out;
        few.ShouldContain("Fitted to fewer than 4 lengths");
        few.ShouldContain("Each pass is timed once");
        HeedProcess.Run("attention", "--kind", "mha", "--seq", "8..64", "--heads", "1", "--head-dim", "8", "--repeats", "2").Out.ShouldNotContain("little");
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(2.0)]
    public void Exponent_PowerLaw_IsFound(double power) =>
        GrowthFit.Exponent([.. new[] { 100.0, 200, 400 }.Select(length => (length, 3e-5 * Math.Pow(length, power)))]).ShouldBe(power, 1e-9);

    [Fact]
    public void Svg_Curves_AreDrawnWithTheirNames()
    {
        string svg = LogChart.Svg("title", "ms", [("first", [(512, 1.0), (1024, 4)]), ("second", [(512, 2.0), (1024, 2)])], "tokens", "time");
        System.Xml.Linq.XDocument.Parse(svg).Root!.Elements().Count(element => element.Name.LocalName == "polyline").ShouldBe(2);
        svg.ShouldContain(">first</text>");
        svg.ShouldContain(">tokens (logarithmic)</text>");
        svg.ShouldContain(">time (logarithmic)</text>");
    }
}
