namespace Heed.Tokenizers.Templates.Values;

/// <summary>How JSON is laid out, as the parameters of Python's json.dumps say it.</summary>
/// <param name="ItemSeparator">Between entries.</param>
/// <param name="KeySeparator">Between key and value.</param>
/// <param name="Indent">What a level is indented by; null for one line.</param>
/// <param name="EscapesNonAscii">Writes \u for all that is not ASCII.</param>
/// <param name="SortsKeys">Orders entries by key.</param>
internal sealed record JsonStyle(string ItemSeparator, string KeySeparator, string? Indent = null, bool EscapesNonAscii = false, bool SortsKeys = false)
{
    /// <summary>How the JavaScript engine prints lists and dicts.</summary>
    public static JsonStyle JavaScript { get; } = new(", ", ": ") { WritesUndefined = true };

    /// <summary>Whether what is missing is written as undefined; otherwise it is an error, or null in JavaScript's dialect.</summary>
    public bool WritesUndefined { get; init; }
}
