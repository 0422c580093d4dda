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
        foreach (string kind in new[] { "mha", "mqa", "gqa", "cross", "hard", "local", "sliding", "longformer", "bigbird", "top-k", "linformer", "aft-full", "aft-local", "aft-simple", "mamba" })
            result.Out.Split('\n').Count(line => line.StartsWith(kind + " ", StringComparison.Ordinal)).ShouldBe(3, kind);
        File.ReadAllText(plot).ShouldStartWith("<svg ");
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

    [Theory]
    [InlineData(1.0)]
    [InlineData(2.0)]
    public void Exponent_PowerLaw_IsFound(double power) =>
        GrowthFit.Exponent([.. new[] { 100.0, 200, 400 }.Select(length => (length, 3e-5 * Math.Pow(length, power)))]).ShouldBe(power, 1e-9);

    [Fact]
    public void Svg_Curves_AreDrawnWithTheirNames()
    {
        string svg = LogChart.Svg("title", "ms", [("first", [(512, 1.0), (1024, 4)]), ("second", [(512, 2.0), (1024, 2)])]);
        System.Xml.Linq.XDocument.Parse(svg).Root!.Elements().Count(element => element.Name.LocalName == "polyline").ShouldBe(2);
        svg.ShouldContain(">first</text>");
    }
}
