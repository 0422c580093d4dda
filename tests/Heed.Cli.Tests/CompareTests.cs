using Heed.Cli.Comparing;
using Heed.Models;

namespace Heed.Cli.Tests;

public sealed class CompareTests
{
    private static readonly ModelConfig s_base = new() { HiddenSize = 32, NumLayers = 2, NumHeads = 4, IntermediateSize = 88, VocabSize = 60, MaxSeqLen = 32 };

    [Fact]
    public void Compare_TwoVariants_WritesAPageAboutBoth()
    {
        using TempFolder folder = new();
        string to = folder.File("comparison");

        HeedResult result = HeedProcess.Run("compare", TinyTraining.WriteText(folder), "--out", to, "--steps", "30", "--seq", "16", "--batch", "4",
            "--set", "HiddenSize=32", "--set", "NumLayers=1", "--set", "NumHeads=2", "--set", "NumKvHeads=2", "--set", "IntermediateSize=64", "--variant", "mha", "alibi", "wide:QkNorm=true,Window=4", "values:ValueHeadDim=5");

        result.ExitCode.ShouldBe(0, result.Err);
        string page = File.ReadAllText(Path.Combine(to, "compare.html"));
        foreach (string text in new[] { ">mha</td>", ">alibi</td><td class=\"word\">Positions=Alibi</td>", ">wide</td><td class=\"word\">QkNorm=true, Window=4</td>", ">values</td><td class=\"word\">ValueHeadDim=5</td>", "<polyline", "MiB at the peak", "30 steps of 4 rows of 16 tokens" }) page.ShouldContain(text);
        page.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal).ShouldNotContain("http", Case.Insensitive, "nothing is fetched");
    }

    [Fact]
    public void Compare_SameSeed_SameLosses()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder);
        string Losses(string to, string threads)
        {
            HeedResult result = HeedProcess.Run("compare", text, "--out", folder.File(to), "--steps", "5", "--seq", "8", "--batch", "2", "--set", "HiddenSize=16", "--set", "NumHeads=2", "--set", "NumKvHeads=2", "--set", "NumLayers=1", "--variant", "mha", "mqa", "--threads", threads);
            result.ExitCode.ShouldBe(0, result.Err);
            return string.Join('\n', result.Err.Split('\n').Where(line => line.Contains("validation loss")).Select(line => line[..line.IndexOf(" tokens/s", StringComparison.Ordinal)].Split(", ")[0]));
        }
        Losses("a", "1").ShouldBe(Losses("b", "2"));
    }

    [Fact]
    public void Compare_AgainInTheFolder_KeepsWhatIsFinished()
    {
        using TempFolder folder = new();
        string text = TinyTraining.WriteText(folder), to = folder.File("comparison");
        HeedResult Compare(params string[] more) => HeedProcess.Run(["compare", text, "--out", to, "--steps", "5", "--seq", "8", "--batch", "2", "--set", "HiddenSize=16", "--set", "NumHeads=2", "--set", "NumKvHeads=2", "--set", "NumLayers=1", .. more]);
        Compare("--variant", "mha").ExitCode.ShouldBe(0);
        string log = Path.Combine(to, "compare.jsonl"), before = File.ReadAllText(log);

        HeedResult second = Compare("--variant", "mha", "alibi");

        second.ExitCode.ShouldBe(0, second.Err);
        File.ReadAllText(log).ShouldStartWith(before, customMessage: "the first is as it was");
        File.ReadAllLines(log).Length.ShouldBe(3, "settings and two variants");
        File.ReadAllText(Path.Combine(to, "compare.html")).ShouldContain(">mha</td>");
        Compare("--variant", "mha", "--seed", "2").Err.ShouldContain("seed was 1, is 2");
        Compare("--variant", "mha", "--seed", "2", "--force").ExitCode.ShouldBe(0);
        File.ReadAllLines(log).Length.ShouldBe(2);
    }

    [Theory]
    [InlineData("mha")]
    [InlineData("mqa")]
    [InlineData("learned")]
    [InlineData("relative")]
    [InlineData("longformer")]
    [InlineData("bigbird")]
    [InlineData("sinks")]
    [InlineData("more:NumHeads=8,QkNorm=true")]
    public void Of_AnyVariant_HasTheBasesParameters(string text)
    {
        ModelConfig config = Variant.Parse(text).For(s_base, 16).Of(s_base);
        // One more unit of the two gated feed-forward parts is 2 · 3 · 32 parameters.
        Math.Abs(config.ParameterCount() - s_base.ParameterCount()).ShouldBeLessThanOrEqualTo(96);
    }

    [Fact]
    public void Parse_UnknownName_ListsWhatThereIs()
    {
        Should.Throw<CommandException>(() => Variant.Parse("magic")).Message.ShouldContain("expected one of mha, gqa");
        Should.Throw<CommandException>(() => Variant.Parse("x:Magic=1").For(s_base, 16).Of(s_base)).Message.ShouldContain("there is no setting 'Magic'");
        Variant.Parse("sliding").For(s_base, 16).Of(s_base).Window.ShouldBe(4);
        Variant.Parse("sinusoidal").For(s_base, 16).Of(s_base).EmbeddingScale.ShouldBe(MathF.Sqrt(32), 1e-4f, "as Vaswani et al. 2017, section 3.4");
        Variant.Parse("x:IntermediateSize=40").For(s_base, 16).Of(s_base).IntermediateSize.ShouldBe(40);
    }
}
