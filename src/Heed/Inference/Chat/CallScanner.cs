using System.Text;

namespace Heed.Inference.Chat;

/// <summary>Finds the end of a JSON object, a character at a time, and tells early where it cannot be the call of a tool. Whether it is JSON at all, its reader finds out.</summary>
internal sealed class CallScanner
{
    private const int LongestName = 128;
    private static readonly string[] s_keys = ["name", "parameters", "arguments", "type", "function", "id"];
    private readonly HashSet<string>? _names;
    private readonly StringBuilder _text = new();
    private int _depth;
    private bool _inText, _escaped, _afterColon;
    private string _key = "";

    /// <param name="names">The names of the tools, so that an object with another name or other keys is known to be no call; null if nothing but the end is looked for.</param>
    public CallScanner(HashSet<string>? names) => _names = names;

    /// <summary>Whether the object named one of the tools.</summary>
    public bool NamesTool { get; private set; }

    /// <summary>Whether the object is at its end.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Takes the next character, the first one being the opening brace.</summary>
    /// <returns>Whether it may still be a call.</returns>
    public bool Take(char character)
    {
        if (_inText) return TakeInText(character);
        if (_names is not null && _depth == 1 && !FitsCall(character)) return false;
        switch (character)
        {
            case '"':
                _inText = true;
                _text.Clear();
                break;
            case '{' or '[':
                _depth++;
                _afterColon = false;
                break;
            case '}' or ']':
                IsComplete = --_depth == 0;
                break;
            case ':' when _depth == 1:
                _afterColon = true;
                break;
            case ',' when _depth == 1:
                _afterColon = false;
                break;
        }

        return true;
    }

    // Between the texts of the outermost object: names are texts, and that of the tool is one.
    private bool FitsCall(char character) => char.IsWhiteSpace(character) || character is '"' or '}'
        || (_afterColon ? _key != "name" || character == ',' : character is ':' or ',');

    private bool TakeInText(char character)
    {
        if (_escaped || character == '\\') _escaped = !_escaped;
        else if (character == '"')
        {
            _inText = false;
            return _names is null || _depth != 1 || TakeText(_text.ToString());
        }

        if (_names is not null && _depth == 1 && _text.Length <= LongestName) _text.Append(character);
        return true;
    }

    private bool TakeText(string text)
    {
        if (!_afterColon)
        {
            _key = text;
            return s_keys.Contains(text);
        }

        if (_key != "name") return true;
        NamesTool = _names!.Contains(text);
        return NamesTool;
    }
}
