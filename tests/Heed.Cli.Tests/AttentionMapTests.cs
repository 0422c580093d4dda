using System.Text.Json;
using System.Xml.Linq;
using Heed.Tests;

namespace Heed.Cli.Tests;

public sealed class AttentionMapTests : IDisposable
{
    private static readonly string s_model = Path.Combine(TestData.Repository, "models", "heed-stories");
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void InspectAttention_Prompt_WritesAPageAndNeverOverAnother()
    {
        string file = _temp.File("page.html");

        HeedResult result = HeedProcess.Run("inspect", "attention", s_model, "Once upon a time <b>", "-o", file);

        result.ExitCode.ShouldBe(0, result.Err);
        result.Out.ShouldBe(file + "\n");
        string page = File.ReadAllText(file);
        XDocument document = XDocument.Parse(page[page.IndexOf('\n')..]);
        document.Descendants("h1").Single().Value.ShouldBe("What heed-stories looks at");
        document.Descendants("p").Select(p => p.Value).ShouldContain("Once upon a time <b>");
        page.ShouldContain("3,475,712 parameters: 4 layers");
        page.ShouldNotContain("http:");
        page.ShouldNotContain("https:");
        Directory.GetFiles(_temp.Path).ShouldBe([file]);

        HeedResult again = HeedProcess.Run("inspect", "attention", s_model, "x", "-o", file);
        again.ExitCode.ShouldBe(1);
        again.Err.ShouldContain("page.html exists: --force replaces it");
        File.ReadAllText(file).ShouldBe(page);
        HeedProcess.Run("inspect", "attention", s_model, "x", "-o", file, "--force").ExitCode.ShouldBe(0);
        File.ReadAllText(file).ShouldNotBe(page);
    }

    [Fact]
    public void InspectAttention_Json_HasRowsOfSumOne()
    {
        HeedResult result = HeedProcess.RunWith("Once upon a time\n", null, "inspect", "attention", s_model, "-", "--json", "--layer", "2");

        result.ExitCode.ShouldBe(0, result.Err);
        using JsonDocument document = JsonDocument.Parse(result.Out);
        document.RootElement.GetProperty("tokens").EnumerateArray().Select(token => token.GetProperty("text").GetString()).ShouldBe(["<|endoftext|>", "Once", " upon", " a", " time"]);
        JsonElement layer = document.RootElement.GetProperty("layers").EnumerateArray().Single();
        layer.GetProperty("layer").GetInt32().ShouldBe(2);
        layer.GetProperty("entropy").GetArrayLength().ShouldBe(8);
        layer.GetProperty("weights").GetArrayLength().ShouldBe(8);
        foreach (JsonElement row in layer.GetProperty("weights").EnumerateArray().SelectMany(head => head.EnumerateArray()))
            row.EnumerateArray().Sum(weight => weight.GetDouble()).ShouldBe(1, 1e-5);
    }

    [Fact]
    public void InspectAttention_Help_NamesTheModelOnce() =>
        HeedProcess.Run("inspect", "attention", "--help").Out.ShouldContain("inspect attention <MODEL> <PROMPT> [options]");

    [Fact]
    public void InspectAttention_Svg_WritesAPicture()
    {
        HeedProcess.Run("inspect", "attention", s_model, "Once", "-o", _temp.File("maps.svg")).ExitCode.ShouldBe(0);
        XDocument.Load(_temp.File("maps.svg")).Root!.Name.LocalName.ShouldBe("svg");
    }

    [Theory]
    [InlineData("--layer 4 is not there", 1, "got layer 4; expected 0 to 3", "--json", "--layer", "4")]
    [InlineData("json and a file", 2, "--json writes no file", "--json", "-o", "x.html")]
    [InlineData("a folder that is not there", 1, "there is no folder", "-o", "no/such/folder/x.html")]
    public void InspectAttention_WhatCannotBe_IsAClearError(string what, int exitCode, string expected, params string[] options)
    {
        HeedResult result = HeedProcess.Run(["inspect", "attention", s_model, "Once", .. options]);
        result.Err.ShouldContain(expected, customMessage: what);
        result.ExitCode.ShouldBe(exitCode);
        result.Out.ShouldBe("");
    }

    [Fact]
    public void InspectAttention_AnotherMixer_IsAClearError()
    {
        string model = _temp.File("model"), file = _temp.File("page.html");
        HeedResult made = HeedProcess.Run("train", TinyTraining.WriteText(_temp), "--out", model, "--steps", "1", "--seq", "8", "--batch", "1",
            "--set", "HiddenSize=16", "--set", "NumLayers=1", "--set", "NumHeads=2", "--set", "NumKvHeads=2", "--set", "Mixer=AftSimple", "--set", "Positions=None");
        made.ExitCode.ShouldBe(0, made.Err);
        HeedResult result = HeedProcess.Run("inspect", "attention", model, "a", "-o", file);
        result.ExitCode.ShouldBe(1);
        result.Err.ShouldContain("the model's Mixer is AftSimple; expected Attention");
        File.Exists(file).ShouldBeFalse();
    }

    [Fact]
    public void InspectAttention_PromptBeyondTheContext_IsAClearError() =>
        HeedProcess.Run("inspect", "attention", s_model, string.Concat(Enumerable.Repeat(" time", 600)), "--json").Err.ShouldContain("got 601 tokens; expected 1 to 512, the model's context");

    [Fact]
    public void InspectAttention_ModelInTheWrongPlace_IsAClearError() =>
        HeedProcess.Run("inspect", s_model, "attention", s_model, "Once").Err.ShouldContain("the model and all options stand after 'attention'");
}
