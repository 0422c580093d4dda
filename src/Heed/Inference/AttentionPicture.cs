using System.Globalization;
using System.Text;
using Heed.Models;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>Attention maps as SVG that stands by itself, for pages and guides.</summary>
public static class AttentionPicture
{
    private const int Cell = 10, Gap = 14, Top = 22, LabelWidth = 72, MaxPairs = 1 << 16;
    private const float Faintest = 0.005f;

    /// <summary>A picture of all the maps: a row for each layer, a column for each head, queries from top to bottom. Colour goes by the square root of the weight.</summary>
    /// <param name="maps">The maps.</param>
    /// <param name="tokenizer">The model's tokenizer, for the queries' labels.</param>
    /// <param name="title">What the picture is called.</param>
    /// <exception cref="ArgumentException">There are more than 65536 pairs of query and key in them, too many for a picture.</exception>
    public static string Svg(AttentionMaps maps, Tokenizer tokenizer, string title)
    {
        ArgumentNullException.ThrowIfNull(maps);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(title);
        int seq = maps.Tokens.Count, side = seq * Cell;
        long pairs = (long)maps.Layers.Count * maps.Heads * seq * seq;
        if (pairs > MaxPairs) throw new ArgumentException($"AttentionPicture: got {pairs} pairs of query and key; expected at most {MaxPairs}: take fewer tokens, one layer, or a page.", nameof(maps));
        int width = LabelWidth + maps.Heads * (side + Gap), height = maps.Layers.Count * (side + Gap + Top);
        string name = HtmlText.Escape(title);
        StringBuilder svg = new();
        Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{name}\" font-family=\"sans-serif\" font-size=\"9\" fill=\"#777\"><title>{name}</title>\n");
        for (int row = 0; row < maps.Layers.Count; row++)
        {
            int y = row * (side + Gap + Top) + Top;
            for (int i = 0; i < seq; i++)
                Append($"<text x=\"{LabelWidth - 4}\" y=\"{y + i * Cell + 8}\" text-anchor=\"end\">{HtmlText.Escape(TokenLabel.Of(tokenizer, maps.Tokens[i]))}</text>");
            for (int head = 0; head < maps.Heads; head++) svg.Append(Map(maps, maps.Layers[row], head, LabelWidth + head * (side + Gap), y));
        }
        return svg.Append("</svg>\n").ToString();

        void Append(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));
    }

    private static string Map(AttentionMaps maps, int layer, int head, int x, int y)
    {
        int seq = maps.Tokens.Count;
        ReadOnlySpan<float> weights = maps.Weights(layer, head);
        StringBuilder map = new();
        map.Append(CultureInfo.InvariantCulture, $"<text x=\"{x}\" y=\"{y - 5}\">{layer}.{head}: {maps.Entropy(layer, head):F2}</text>");
        map.Append(CultureInfo.InvariantCulture, $"<path fill=\"none\" stroke=\"#999\" stroke-opacity=\".4\" d=\"M{x} {y}h{seq * Cell}v{seq * Cell}h-{seq * Cell}z\"/><g fill=\"#2b6cb0\">");
        for (int i = 0; i < weights.Length; i++)
            if (weights[i] >= Faintest)
                map.Append(CultureInfo.InvariantCulture, $"<path fill-opacity=\"{MathF.Sqrt(weights[i]):0.##}\" d=\"M{x + i % seq * Cell} {y + i / seq * Cell}h{Cell}v{Cell}h-{Cell}z\"/>");
        return map.Append("</g>\n").ToString();
    }
}
