namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>
/// Cuts a template into text, statements and expressions, with Jinja's rules for the white space around them: the line end after a block
/// goes (trim_blocks), so does what indents one (lstrip_blocks), and one line end at the very end; - takes all white space, + keeps it.
/// </summary>
internal sealed class TemplateLexer
{
    private readonly string _template;
    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;
    private int _counted;
    private bool _startsLine = true;

    private TemplateLexer(string template, string source)
    {
        _template = template;
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _source = source.EndsWith('\n') ? source[..^1] : source;
    }

    public static List<Token> Read(string template, string source)
    {
        TemplateLexer lexer = new(template, source);
        lexer.Read();
        return lexer._tokens;
    }

    private void Read()
    {
        while (_position < _source.Length)
        {
            int start = FindMarker(_position);
            if (start < 0)
            {
                AddData(_source[_position..]);
                _position = _source.Length;
                break;
            }

            char kind = _source[start + 1];
            int inner = start + 2;
            char sign = inner < _source.Length && _source[inner] is '-' or '+' ? _source[inner++] : '\0';
            AddData(TrimBefore(_source[_position..start], sign, strips: kind != '{'));
            CountLines(start);
            _position = inner;
            if (kind == '#') SkipComment(start);
            else if (kind == '%' && RawBodyStart(inner) is >= 0 and int body) ReadRaw(start, body);
            else ReadCode(start, isBlock: kind == '%');
        }

        CountLines(_source.Length);
        _tokens.Add(new Token(TokenType.End, string.Empty, _line));
    }

    private int FindMarker(int from)
    {
        for (int i = _source.IndexOf('{', from); i >= 0 && i + 1 < _source.Length; i = _source.IndexOf('{', i + 1))
            if (_source[i + 1] is '{' or '%' or '#') return i;
        return -1;
    }

    private string TrimBefore(string text, char sign, bool strips)
    {
        if (sign == '-') return PythonSpace.TrimEnd(text);
        if (sign == '+' || !strips) return text;
        int lineStart = text.LastIndexOf('\n') + 1;
        bool isIndent = (lineStart > 0 || _startsLine) && text.AsSpan(lineStart).IndexOfAnyExcept(" \t\v\f\r\u00A0") < 0;
        return isIndent ? text[..lineStart] : text;
    }

    private void AddData(string text)
    {
        CountLines(_position);
        if (text.Length > 0) _tokens.Add(new Token(TokenType.Data, text, _line));
    }

    private void CountLines(int until)
    {
        for (; _counted < until; _counted++)
            if (_source[_counted] == '\n') _line++;
    }

    /// <summary>Goes past a block's end, and past the white space that goes with it.</summary>
    private void Close(int end, char sign, bool trims)
    {
        _position = end;
        if (sign == '-') _position = PythonSpace.SkipFrom(_source, end);
        else if (sign != '+' && trims && end < _source.Length && _source[end] == '\n') _position++;
        _startsLine = _source[_position - 1] == '\n';
    }

    private void SkipComment(int start)
    {
        int end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0) throw Error(start, "a comment is not closed; expected '#}'.");
        Close(end + 2, end > _position && _source[end - 1] is '-' or '+' ? _source[end - 1] : '\0', trims: true);
    }

    // {% raw %} and {%- raw -%}; the line end after it stays.
    private int RawBodyStart(int inner)
    {
        int name = PythonSpace.SkipFrom(_source, inner);
        if (!_source.AsSpan(name).StartsWith("raw")) return -1;
        int end = PythonSpace.SkipFrom(_source, name + 3);
        if (_source.AsSpan(end).StartsWith("%}")) return end + 2;
        return _source.AsSpan(end).StartsWith("-%}") ? PythonSpace.SkipFrom(_source, end + 3) : -1;
    }

    private void ReadRaw(int start, int body)
    {
        _startsLine = _source[body - 1] == '\n';
        for (int at = _source.IndexOf("{%", body, StringComparison.Ordinal); at >= 0; at = _source.IndexOf("{%", at + 2, StringComparison.Ordinal))
        {
            int name = at + 2;
            char sign = name < _source.Length && _source[name] is '-' or '+' ? _source[name++] : '\0';
            name = PythonSpace.SkipFrom(_source, name);
            if (!_source.AsSpan(name).StartsWith("endraw")) continue;
            int end = PythonSpace.SkipFrom(_source, name + 6);
            char endSign = end < _source.Length && _source[end] is '-' or '+' ? _source[end++] : '\0';
            if (!_source.AsSpan(end).StartsWith("%}")) continue;
            _position = body;
            AddData(TrimBefore(_source[body..at], sign, strips: true));
            Close(end + 2, endSign, trims: true);
            return;
        }

        throw Error(start, "'raw' is not closed; expected '{% endraw %}'.");
    }

    private void ReadCode(int start, bool isBlock)
    {
        CountLines(_position);
        _tokens.Add(new Token(isBlock ? TokenType.BlockBegin : TokenType.PrintBegin, string.Empty, _line));
        string mark = isBlock ? "%}" : "}}";
        CodeLexer code = new(_source);
        while (true)
        {
            _position = PythonSpace.SkipFrom(_source, _position);
            if (_position >= _source.Length) throw Error(start, $"'{(isBlock ? "{%" : "{{")}' is not closed; expected '{mark}'.");
            CountLines(_position);
            if (!code.IsInBrackets && EndsAt(mark, isBlock, out int end, out char sign))
            {
                _tokens.Add(new Token(isBlock ? TokenType.BlockEnd : TokenType.PrintEnd, string.Empty, _line));
                Close(end, sign, trims: isBlock);
                return;
            }

            if (!code.TryRead(_position, out TokenType type, out string text, out int next, out string problem)) throw Error(_position, problem);
            _tokens.Add(new Token(type, text, _line));
            _position = next;
        }
    }

    private bool EndsAt(string mark, bool isBlock, out int end, out char sign)
    {
        ReadOnlySpan<char> rest = _source.AsSpan(_position);
        sign = rest[0] == '-' || (isBlock && rest[0] == '+') ? rest[0] : '\0';
        int skipped = sign == '\0' ? 0 : 1;
        end = _position + skipped + 2;
        return rest[skipped..].StartsWith(mark);
    }

    private TemplateException Error(int position, string problem)
    {
        CountLines(position);
        return new TemplateException(_template, _line, problem);
    }
}
