using Heed.Cli.Comparing;
using Heed.Cli.Learning;
using Heed.Cli.Measuring;
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
        Compare("--variant", "alibi").ExitCode.ShouldBe(0);
        File.ReadAllText(Path.Combine(to, "compare.html")).ShouldContain(">mha</td>", customMessage: "what an earlier call finished stays on the page");
        Compare("--variant", "wide:Foo=100").Err.ShouldContain("--variant wide: there is no setting 'Foo'");
        Compare("--variant", "mha", "--seed", "2").Err.ShouldContain("seed was 1, is 2");
        Compare("--variant", "mha", "--seed", "2", "--force").ExitCode.ShouldBe(0);
        File.ReadAllLines(log).Length.ShouldBe(2);
    }

    public static TheoryData<string> Causal => [.. Variant.NamesFor(Objective.Causal), "more:NumHeads=8,QkNorm=true"];

    public static TheoryData<string> Masked => [.. Variant.NamesFor(Objective.Masked)];

    [Theory, MemberData(nameof(Causal))]
    public void Of_AnyVariant_HasTheBasesParameters(string text) => HasTheBasesParameters(text, masked: false);

    [Theory, MemberData(nameof(Masked))]
    public void Of_AnyVariantThatSeesBothWays_HasTheBasesParameters(string text) => HasTheBasesParameters(text, masked: true);

    private static void HasTheBasesParameters(string text, bool masked)
    {
        ModelConfig from = s_base with { Bidirectional = masked };
        ModelConfig config = Variant.Parse(text).For(from, 16).Of(from);
        // One more unit of the two gated feed-forward parts is 2 · 3 · 32 parameters.
        Math.Abs(config.ParameterCount() - s_base.ParameterCount()).ShouldBeLessThanOrEqualTo(96);
        MeasuredTraining.Check(masked ? Objective.Masked : Objective.Causal, config, text);
    }

    [Fact]
    public void Compare_Masked_TrainsEveryVariantThatSeesBothWays()
    {
        using TempFolder folder = new();
        string to = folder.File("comparison"), text = TinyTraining.WriteText(folder);
        HeedResult Compare(params string[] more) => HeedProcess.Run(["compare", text, "--out", to, "--steps", "10", "--seq", "16", "--batch", "4",
            "--set", "HiddenSize=32", "--set", "NumLayers=1", "--set", "NumHeads=2", "--set", "NumKvHeads=2", "--set", "IntermediateSize=64", .. more]);

        HeedResult result = Compare("--objective", "masked");

        result.ExitCode.ShouldBe(0, result.Err);
        string page = File.ReadAllText(Path.Combine(to, "compare.html"));
        foreach (string name in Variant.NamesFor(Objective.Masked)) page.ShouldContain($">{name}</td>");
        page.ShouldContain("15 % of the tokens are hidden");
        Compare("--variant", "mha").Err.ShouldContain("objective was masked, is absent");
        Compare("--objective", "masked", "--variant", "mha", "mamba", "--force").Err.ShouldContain("--variant mamba, --objective masked: ModelConfig: Mixer is Mamba and Bidirectional true; expected false");
    }

    /// <summary>A model that saw the next token would win every comparison.</summary>
    [Theory]
    [InlineData("--variant x:Bidirectional=true", "--variant x: Bidirectional is true, so that the model sees the next token, which it is to learn; expected false")]
    [InlineData("--set Bidirectional=true", "--set: Bidirectional is true")]
    [InlineData("--set Encoder.NumLayers=1", "--set: Encoder is set, which reads a source; expected a model that reads one text")]
    [InlineData("--variant linformer", "Mixer is Linformer and Bidirectional false; expected true")]
    [InlineData("--objective masked --set Bidirectional=false", "--set: Bidirectional is false; expected true")]
    [InlineData("--objective masked --variant x:Bidirectional=false", "--variant x: Bidirectional is false; expected true")]
    [InlineData("--objective magic", "--objective is 'magic'; expected causal or masked")]
    public void Compare_ModelsOfAnotherKind_AreRefused(string options, string message)
    {
        using TempFolder folder = new();
        HeedResult result = HeedProcess.Run(["compare", TinyTraining.WriteText(folder), "--out", folder.File("comparison"), "--steps", "1", "--seq", "8", .. options.Split(' ')]);
        result.ExitCode.ShouldNotBe(0);
        result.Err.ShouldContain(message);
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
