using System.Globalization;
using System.Text;

namespace Heed.Tensors;

/// <summary>Draws masks as SVG that stands by itself, for pages and guides.</summary>
public static class AttentionMaskPicture
{
    private const int Margin = 18, Caption = 22, LetterWidth = 7;

    /// <summary>A picture of one batch row and head: queries from top to bottom, keys from left to right, what is seen in colour.</summary>
    /// <param name="mask">The mask.</param>
    /// <param name="queries">How many queries, 1 to 512.</param>
    /// <param name="keys">How many keys, 1 to 512.</param>
    /// <param name="title">What stands above; the mask's own text if null.</param>
    /// <param name="batch">The batch row.</param>
    /// <param name="head">The query head.</param>
    /// <param name="cell">The size of a pair in pixels.</param>
    /// <exception cref="ArgumentException">A size is out of bounds, or the mask does not fit the sizes.</exception>
    public static string Svg(AttentionMask mask, int queries, int keys, string? title = null, int batch = 0, int head = 0, int cell = 12)
    {
        ArgumentNullException.ThrowIfNull(mask);
        if (queries is < 1 or > 512 || keys is < 1 or > 512 || cell is < 1 or > 64)
            TensorErrors.Argument($"AttentionMaskPicture.Svg: got {queries} queries, {keys} keys, a cell of {cell}; expected 1 to 512, 1 to 512, 1 to 64.");
        bool[,] seen = mask.ToMatrix(queries, keys, batch, head);
        string name = Escape(title ?? mask.ToString());
        int width = Math.Max(keys * cell + Margin + 2, Margin + (title ?? mask.ToString()).Length * LetterWidth), height = queries * cell + Margin + Caption + 2;
        StringBuilder svg = new();
        Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{name}\" font-family=\"sans-serif\" font-size=\"11\">");
        Append($"<title>{name}</title><text x=\"{Margin}\" y=\"13\" font-weight=\"bold\" fill=\"#777\">{name}</text>");
        Append($"<text x=\"{Margin}\" y=\"{height - 5}\" fill=\"#777\">keys →</text><text transform=\"translate(5 {Caption}) rotate(90)\" fill=\"#777\">queries →</text>");
        Append($"<rect x=\"{Margin}\" y=\"{Caption}\" width=\"{keys * cell}\" height=\"{queries * cell}\" fill=\"#e9ecef\"/>");
        Append($"<path fill=\"#2b6cb0\" d=\"");
        for (int i = 0; i < queries; i++)
            for (int first = 0, end; first < keys; first = end)
            {
                end = first + 1;
                while (end < keys && seen[i, end] == seen[i, first]) end++;
                if (seen[i, first]) Append($"M{Margin + first * cell} {Caption + i * cell}h{(end - first) * cell}v{cell}h{(first - end) * cell}z");
            }
        svg.Append("\"/>");
        if (cell >= 4) svg.Append(Grid(queries, keys, cell));
        return svg.Append("</svg>").ToString();

        void Append(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));
    }

    private static string Grid(int queries, int keys, int cell)
    {
        StringBuilder path = new("<path stroke=\"#fff\" stroke-width=\"1\" d=\"");
        for (int i = 0; i <= queries; i++) path.Append(CultureInfo.InvariantCulture, $"M{Margin} {Caption + i * cell}h{keys * cell}");
        for (int j = 0; j <= keys; j++) path.Append(CultureInfo.InvariantCulture, $"M{Margin + j * cell} {Caption}v{queries * cell}");
        return path.Append("\"/>").ToString();
    }

    private static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);
}
