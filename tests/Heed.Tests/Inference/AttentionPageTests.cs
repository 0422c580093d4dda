using System.Buffers.Binary;
using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Heed.Inference;
using Heed.Models;
using Heed.Tests.Formats;

namespace Heed.Tests.Inference;

public sealed class AttentionPageTests : IDisposable
{
    private const string Hostile = "</script><img src=x onerror=alert(1)> ]]> \"quotes' & \0\a\u202e \u2028 <!-- é 🦊";
    private readonly LanguageModel _model = LanguageModel.Load(Path.Combine(TestData.Repository, "models", "heed-stories"), new Heed.Inference.LoadOptions { Threads = 2 });

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Of_ShippedModel_HasTheShapesOfItsLayersAndHeads()
    {
        AttentionMaps maps = MapsOf("Once upon a time");

        maps.Tokens.Count.ShouldBe(5, "one begins the text");
        maps.Layers.ShouldBe([0, 1, 2, 3]);
        maps.Heads.ShouldBe(8);
        foreach (int layer in maps.Layers)
            for (int head = 0; head < 8; head++)
            {
                maps.Weights(layer, head).Length.ShouldBe(25);
                for (int row = 0; row < 5; row++) maps.Weights(layer, head).Slice(row * 5, 5).ToArray().Sum().ShouldBe(1, 1e-5f);
            }
    }

    [Fact]
    public void Html_Data_HoldsTokensEntropiesAndWeights()
    {
        AttentionMaps maps = MapsOf("Once upon a time");

        using JsonDocument data = DataOf(AttentionPage.Html(maps, _model.Tokenizer, "Title", "Once upon a time"));

        JsonElement root = data.RootElement;
        root.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()).ShouldBe(["<|endoftext|>", "Once", "·upon", "·a", "·time"]);
        root.GetProperty("entropy").GetArrayLength().ShouldBe(4 * 8);
        byte[] numbers = root.GetProperty("weights").GetBytesFromBase64();
        numbers.Length.ShouldBe(4 * 8 * 15 * 2);
        int at = 0;
        foreach (int layer in maps.Layers)
            for (int head = 0; head < 8; head++)
                for (int query = 0; query < 5; query++)
                    for (int key = 0; key <= query; key++, at += 2)
                        (BinaryPrimitives.ReadUInt16LittleEndian(numbers.AsSpan(at)) / 65535f).ShouldBe(maps.Weights(layer, head)[query * 5 + key], 1e-5f);
    }

    [Fact]
    public void Html_ModelThatSeesBothWays_HoldsWholeRows()
    {
        ModelConfig config = _model.Config with { NumLayers = 2, HiddenSize = 32, NumHeads = 2, NumKvHeads = 2, HeadDim = 16, IntermediateSize = 32, Bidirectional = true };
        int[] tokens = _model.Tokenizer.Encode("Once upon a time");
        AttentionMaps maps = AttentionMaps.Of(new Transformer(config, new RandomWeights(seed: 1, config.NumLayers)), tokens);

        using JsonDocument data = DataOf(AttentionPage.Html(maps, _model.Tokenizer, "Title", "Once upon a time"));

        data.RootElement.GetProperty("whole").GetBoolean().ShouldBeTrue();
        byte[] numbers = data.RootElement.GetProperty("weights").GetBytesFromBase64();
        float[] expected = [.. maps.Layers.SelectMany(layer => maps.Weights(layer).ToArray())];
        numbers.Length.ShouldBe(2 * expected.Length);
        for (int i = 0; i < expected.Length; i++) (BinaryPrimitives.ReadUInt16LittleEndian(numbers.AsSpan(2 * i)) / 65535f).ShouldBe(expected[i], 1e-5f);
        maps.Weights(0, 0)[1].ShouldBeGreaterThan(0, "the first token sees the second");
    }

    [Fact]
    public void Html_HostileText_IsOnlyEverText()
    {
        string page = AttentionPage.Html(MapsOf(Hostile), _model.Tokenizer, Hostile, Hostile);

        XDocument document = Parse(page);
        document.Descendants("img").ShouldBeEmpty();
        document.Descendants("script").Count().ShouldBe(2);
        Regex.Count(page, "</script").ShouldBe(2);
        Regex.Count(page, "]]>").ShouldBe(1, "the one that ends the script");
        page.ShouldNotContain("<!--");
        page.Where(c => char.IsControl(c) && c != '\n').ShouldBeEmpty();
        document.Descendants("h1").Single().Value.ShouldContain("</script><img src=x onerror=alert(1)>");
        using JsonDocument data = DataOf(page);
        string labels = string.Concat(data.RootElement.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()));
        foreach (string part in new[] { "</script><img·src=x", "]]>", "\"quotes'·&", "<!--" }) labels.ShouldContain(part);
        labels.ShouldNotContain('\u202e');
        labels.ShouldNotContain('\0');
    }

    [Fact]
    public void Html_NeedsNothingFromElsewhere()
    {
        string page = AttentionPage.Html(MapsOf("Once upon a time"), _model.Tokenizer, "Title", "Once upon a time");

        foreach (string reference in new[] { "://", "src=", "href=", "url(", "import", "fetch", "innerHTML", "eval(" }) page.ShouldNotContain(reference);
        page.ShouldContain("default-src 'none'");
        page.ShouldContain("prefers-color-scheme: dark");
        Parse(page).Descendants("h1").Single().Value.ShouldBe("Title");
    }

    [Fact]
    public void Html_LongText_StaysSmall()
    {
        AttentionMaps maps = AttentionMaps.Of(_model.Transformer, new int[64]);
        AttentionPage.Html(maps, _model.Tokenizer, "", "").Length.ShouldBeLessThan(4 * 8 * 64 * 65 * 4 / 3 + 30_000);
    }

    [Fact]
    public void Html_MoreNumbersThanABrowserTakes_IsAClearError() =>
        Should.Throw<ArgumentException>(() => AttentionPage.NumberBytes(layers: 1, heads: 64, tokens: 1050, whole: false)).Message.ShouldContain("1 × 64 heads over 1050 tokens take 67 MiB; expected at most 64 MiB");

    [Theory]
    [InlineData(" a\tb\r\n", "·a⇥b‹U+000D›↵")]
    [InlineData("\u202e\u200b\u00a0é🦊", "‹U+202E›‹U+200B›‹U+00A0›é🦊")]
    public void Label_OfWhatCannotBeSeen_ShowsIt(string text, string expected) => TokenLabel.Of(text).ShouldBe(expected);

    [Fact]
    public void Label_OfPartsOfACharacter_IsTheirBytes() =>
        string.Concat(_model.Tokenizer.Encode("🦊", addSpecial: false).Select(id => TokenLabel.Of(_model.Tokenizer, id))).ShouldBe("‹F0›‹9F›‹A6›‹8A›");

    [Fact]
    public void Svg_OfOneLayer_IsWellFormedAndHoldsEveryMap()
    {
        XElement svg = XDocument.Parse(AttentionPicture.Svg(AttentionMaps.Of(_model.Transformer, _model.Tokenizer.Encode("a <b> & \0"), layer: 2), _model.Tokenizer, Hostile)).Root!;
        svg.Descendants().Count(element => element.Name.LocalName == "g").ShouldBe(8);
        svg.Descendants().Where(element => element.Name.LocalName == "text").Select(text => text.Value).ShouldContain(text => text.StartsWith("2.7: ", StringComparison.Ordinal));
        Should.Throw<ArgumentException>(() => AttentionPicture.Svg(AttentionMaps.Of(_model.Transformer, new int[60]), _model.Tokenizer, "")).Message.ShouldContain("expected at most 65536");
    }

    [BrowserFact]
    public async Task Html_InABrowser_DrawsWithoutAnError()
    {
        using TempFolder temp = new();
        string file = temp.File("page.html");
        await File.WriteAllTextAsync(file, AttentionPage.Html(MapsOf(Hostile), _model.Tokenizer, "Title", Hostile));
        ProcessStartInfo start = new(BrowserFactAttribute.Browser!) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", $"--user-data-dir={temp.Root}/profile", "--virtual-time-budget=5000", "--dump-dom", new Uri(file).AbsoluteUri];
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        using Process browser = Process.Start(start)!;
        Task<string> errors = browser.StandardError.ReadToEndAsync();
        string dom = await browser.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(1));

        (await errors).ShouldNotContain("CONSOLE");
        dom.ShouldContain("Layer 0, head 0, mean entropy");
        Regex.Count(dom, "<canvas").ShouldBe(1 + 4 * 8);
        dom.ShouldNotContain("<img");
    }

    private AttentionMaps MapsOf(string text) => AttentionMaps.Of(_model.Transformer, _model.Tokenizer.Encode(text));

    private static XDocument Parse(string page)
    {
        page.ShouldStartWith("<!doctype html>\n");
        return XDocument.Parse(page[page.IndexOf('\n')..]);
    }

    private static JsonDocument DataOf(string page) => JsonDocument.Parse(Parse(page).Descendants("script").First().Value);
}
