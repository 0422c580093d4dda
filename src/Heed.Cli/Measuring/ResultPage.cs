using System.Globalization;
using System.Net;
using System.Text;

namespace Heed.Cli.Measuring;

/// <summary>A page of results that needs nothing else: headings, lines of text, tables and drawings, one after another.</summary>
internal sealed class ResultPage
{
    private const string Style = "body{font:15px/1.5 system-ui,sans-serif;max-width:84em;margin:2em auto;padding:0 1em;color-scheme:light dark}"
        + "table{border-collapse:collapse;margin:1em 0;display:block;overflow-x:auto}td,th{padding:.25em .6em;text-align:right;border-bottom:1px solid #8884}td{white-space:nowrap}th{vertical-align:bottom}.word{text-align:left;white-space:normal}svg{width:100%;max-width:54em;margin:.5em 0}";

    private readonly StringBuilder _html = new();

    public ResultPage(string title, IEnumerable<string> notes)
    {
        _html.Append("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">");
        _html.Append(CultureInfo.InvariantCulture, $"<title>{Escape(title)}</title><style>{Style}</style>\n<h1>{Escape(title)}</h1>\n");
        foreach (string note in notes) Text(note);
    }

    public void Heading(string text) => _html.Append(CultureInfo.InvariantCulture, $"<h2>{Escape(text)}</h2>\n");

    public void Text(string text) => _html.Append(CultureInfo.InvariantCulture, $"<p>{Escape(text)}</p>\n");

    /// <param name="headers">Of the columns.</param>
    /// <param name="words">How many columns from the left hold words, not numbers.</param>
    /// <param name="rows">A cell for each column.</param>
    public void Table(string[] headers, int words, IEnumerable<string[]> rows)
    {
        _html.Append("<table>");
        Row("th", headers, words);
        foreach (string[] row in rows) Row("td", row, words);
        _html.Append("</table>\n");
    }

    /// <summary>A drawing, which is put in as it is.</summary>
    public void Drawing(string svg) => _html.Append(svg);

    /// <summary>Writes the page, through a temporary file.</summary>
    public void Write(string path)
    {
        string temporary = $"{path}.tmp";
        File.WriteAllText(temporary, _html + "</html>\n");
        File.Move(temporary, path, overwrite: true);
    }

    public override string ToString() => _html + "</html>\n";

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private void Row(string kind, string[] cells, int words)
    {
        _html.Append("<tr>");
        for (int i = 0; i < cells.Length; i++)
            _html.Append(CultureInfo.InvariantCulture, $"<{kind}{(i < words ? " class=\"word\"" : "")}>{Escape(cells[i])}</{kind}>");
        _html.Append("</tr>\n");
    }
}
