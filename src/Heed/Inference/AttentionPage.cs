using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Heed.Models;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>
/// Attention maps as one HTML file that needs nothing else and asks the network for nothing: a small map for every layer and
/// head, one of them large, and the text, in which a query's keys light up. For mouse, touch and keyboard.
/// </summary>
public static partial class AttentionPage
{
    /// <summary>The most bytes of numbers in a page: what a browser opens without trouble.</summary>
    public const int MaxBytes = 64 << 20;

    private const string Style = """
        :root { color-scheme: light dark; --ink: #1d2330; --soft: #667085; --line: #d9dde5; --page: #f6f7f9; --card: #ffffff; --map: 30 84 190; --mark: #d9622b; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #343a46; --page: #15181e; --card: #1d2129; --map: 122 167 247; --mark: #f2935c; } }
        body { margin: 0 auto; max-width: 90rem; padding: 2rem 1.25rem 4rem; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1rem; margin: 0 0 .5rem; } p { margin: 0 0 .75rem; } .soft, small { color: var(--soft); }
        section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; margin-bottom: 1rem; min-width: 0; }
        .prompt { white-space: pre-wrap; overflow-wrap: anywhere; border-left: .2rem solid var(--line); padding-left: .75rem; max-height: 8rem; overflow: auto; }
        .sides { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)); align-items: start; }
        #text { display: flex; flex-wrap: wrap; gap: .15rem; } #query { width: 100%; accent-color: var(--mark); }
        #text button { font: inherit; color: inherit; background: none; border: 1px solid transparent; border-radius: .25rem; padding: 0 .15rem; cursor: pointer; unicode-bidi: isolate; }
        #text button[aria-pressed=true] { border-color: var(--mark); }
        #grid { display: grid; gap: .4rem; overflow: auto; padding: .2rem; }
        #grid button { background: none; border: 1px solid var(--line); border-radius: .3rem; padding: .15rem; color: var(--soft); font: 11px/1.3 system-ui, sans-serif; cursor: pointer; }
        #grid button[aria-pressed=true] { border-color: var(--mark); color: var(--ink); } #grid canvas { display: block; width: 100%; image-rendering: pixelated; }
        #grid span { align-self: center; color: var(--soft); font-size: .8rem; white-space: nowrap; }
        #big { display: block; max-width: 100%; touch-action: manipulation; } :focus-visible { outline: 2px solid var(--mark); outline-offset: 1px; }
        #cell { position: fixed; left: 0; right: 0; bottom: 0; margin: 0; padding: .5rem 1.25rem; background: var(--card); border-top: 1px solid var(--line); overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
        """;

    private const string Body = """
        <noscript><section>The maps are drawn by a script in this file, and scripts are switched off.</section></noscript>
        <section><h2>Text</h2><p id="text"></p>
        <label><small>Query: the token whose keys light up. Click a token, or move this.</small><input id="query" type="range" min="0" step="1"/></label></section>
        <div class="sides"><section><h2 id="name"></h2><canvas id="big" tabindex="0" role="img"></canvas>
        <small>Queries from top to bottom, keys from left to right. Arrow keys move over the pairs. Colour goes by the square root of the weight.</small></section>
        <section><h2>All heads</h2><p><small>A row for each layer; below each map its mean entropy in nats. Small maps of long texts show the greatest weight of a few pairs. Arrow keys move over the heads.</small></p>
        <div id="grid" role="group" aria-label="All heads"></div></section></div>
        <p id="cell" role="status"></p>
        """;

    /// <summary>The page; also well-formed XML after its first line.</summary>
    /// <param name="maps">The maps.</param>
    /// <param name="tokenizer">The model's tokenizer, for the tokens' texts.</param>
    /// <param name="title">The heading.</param>
    /// <param name="prompt">The text, as it is shown above.</param>
    /// <exception cref="ArgumentException">The numbers would take more than <see cref="MaxBytes"/>.</exception>
    public static string Html(AttentionMaps maps, Tokenizer tokenizer, string title, string prompt)
    {
        ArgumentNullException.ThrowIfNull(maps);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(prompt);
        string numbers = Convert.ToBase64String(Numbers(maps));
        StringBuilder html = new(numbers.Length + (64 << 10));
        html.Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
        string style = Style.ReplaceLineEndings("\n"), script = $"//<![CDATA[\n{Script.ReplaceLineEndings("\n")}\n//]]>";
        // The browser itself keeps the page from loading anything, and from running anything but this script, whatever a token says.
        html.Append(CultureInfo.InvariantCulture, $"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {Hash(style)}; script-src {Hash(script)}\"/>\n");
        html.Append(CultureInfo.InvariantCulture, $"<title>{HtmlText.Escape(title)}</title><style>{style}</style></head><body><h1>{HtmlText.Escape(title)}</h1>\n");
        html.Append(CultureInfo.InvariantCulture, $"<p class=\"soft\">{HtmlText.Escape(Summary(maps))}</p><p class=\"prompt\">{HtmlText.Escape(prompt)}</p>\n{Body}\n");
        html.Append(CultureInfo.InvariantCulture, $"<script type=\"application/json\" id=\"data\">{Data(maps, tokenizer, numbers)}</script>\n");
        return html.Append(CultureInfo.InvariantCulture, $"<script>{script}</script></body></html>\n").ToString();
    }

    private static string Hash(string text) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'";

    private static string Summary(AttentionMaps maps)
    {
        ModelConfig config = maps.Config;
        return string.Create(CultureInfo.InvariantCulture,
            $"{config.Architecture}, {config.ParameterCount():N0} parameters: {config.NumLayers} layers, {config.HiddenSize} wide, {config.NumHeads} heads of {config.HeadSize} ({config.KvHeads} for keys and values); {maps.Tokens.Count} tokens");
    }

    /// <summary>Tokens, entropies and weights. The encoder escapes all that could end the element.</summary>
    private static string Data(AttentionMaps maps, Tokenizer tokenizer, string numbers) => JsonSerializer.Serialize(new
    {
        tokens = maps.Tokens.Select(id => TokenLabel.Of(tokenizer, id)),
        layers = maps.Layers,
        heads = maps.Heads,
        entropy = maps.Layers.SelectMany(layer => Enumerable.Range(0, maps.Heads).Select(head => Math.Round(maps.Entropy(layer, head), 4))),
        whole = maps.Config.Bidirectional,
        weights = numbers,
    });

    /// <summary>
    /// Every weight of a key that a query may see, as a part of 65535 in two bytes: three digits that are true. That is the whole
    /// square where the model sees both ways; else the keys up to the query's own.
    /// </summary>
    private static byte[] Numbers(AttentionMaps maps)
    {
        int seq = maps.Tokens.Count;
        bool whole = maps.Config.Bidirectional;
        byte[] numbers = new byte[NumberBytes(maps.Layers.Count, maps.Heads, seq, whole)];
        int at = 0;
        foreach (int layer in maps.Layers)
        {
            ReadOnlySpan<float> weights = maps.Weights(layer);
            for (int row = 0; row < maps.Heads * seq; row++)
                foreach (float weight in weights.Slice(row * seq, whole ? seq : row % seq + 1))
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(numbers.AsSpan(at), (ushort)Math.Clamp(MathF.Round(weight * ushort.MaxValue), 0, ushort.MaxValue));
                    at += sizeof(ushort);
                }
        }
        return numbers;
    }

    internal static int NumberBytes(int layers, int heads, int tokens, bool whole)
    {
        long bytes = (long)layers * heads * tokens * (whole ? 2L * tokens : tokens + 1L);
        if (bytes > MaxBytes)
            throw new ArgumentException($"AttentionPage: the weights of {layers} × {heads} heads over {tokens} tokens take {bytes >> 20} MiB; expected at most {MaxBytes >> 20} MiB: take fewer tokens or one layer.", nameof(tokens));
        return (int)bytes;
    }
}
