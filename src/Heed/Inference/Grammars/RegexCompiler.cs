namespace Heed.Inference.Grammars;

/// <summary>
/// Regular expressions in the common subset of .NET's and JavaScript's syntax that finite automata decide: no look-around, no
/// back-references, no \b. Classes are ASCII's, as in JavaScript: \d, \w, \s.
/// </summary>
/// <param name="pattern">The expression.</param>
/// <param name="encode">How the characters of a set are written: in UTF-8, or as a JSON string writes them.</param>
internal sealed class RegexCompiler(string pattern, Func<CharSet, GrammarPart> encode)
{
    private readonly TextCursor _cursor = new($"Regex '{Shown(pattern)}'", pattern);

    /// <summary>Texts that match as a whole.</summary>
    public GrammarPart Whole() => Compile(searches: false);

    /// <summary>Texts that hold a match anywhere; ^ and $ at the ends of the expression's alternatives bind it to the ends of the text.</summary>
    public GrammarPart Search() => Compile(searches: true);

    private GrammarPart Compile(bool searches)
    {
        _cursor.CheckLength();
        GrammarPart anything = GrammarPart.Many(encode(CharSet.All));
        List<GrammarPart> branches = [];
        do
        {
            bool begins = _cursor.Take('^');
            GrammarPart body = Sequence(atTop: true);
            bool ends = _cursor.Take('$');
            if (_cursor.Next is not ('|' or '\0')) Unexpected();
            branches.Add(!searches ? body : GrammarPart.InOrder(begins ? GrammarPart.Empty : anything, body, ends ? GrammarPart.Empty : anything));
        }
        while (_cursor.Take('|'));
        if (!_cursor.AtEnd) Unexpected();
        return GrammarPart.AnyOf([.. branches]);
    }

    private GrammarPart Alternatives()
    {
        _cursor.Enter();
        List<GrammarPart> branches = [];
        do branches.Add(Sequence(atTop: false));
        while (_cursor.Take('|'));
        _cursor.Leave();
        return GrammarPart.AnyOf([.. branches]);
    }

    private GrammarPart Sequence(bool atTop)
    {
        List<GrammarPart> parts = [];
        while (!_cursor.AtEnd && _cursor.Next is not ('|' or ')') && !(atTop && _cursor.Next == '$')) parts.Add(Quantified());
        return GrammarPart.InOrder([.. parts]);
    }

    private GrammarPart Quantified()
    {
        GrammarPart part = Atom();
        (int Min, int? Max) bounds;
        switch (_cursor.Next)
        {
            case '*':
                _cursor.At++;
                bounds = (0, null);
                break;
            case '+':
                _cursor.At++;
                bounds = (1, null);
                break;
            case '?':
                _cursor.At++;
                bounds = (0, 1);
                break;
            case '{':
                _cursor.At++;
                if (!char.IsAsciiDigit(_cursor.Next)) _cursor.Throw("a number is expected; a brace as such is \\{");
                bounds = _cursor.TakeBounds();
                break;
            default:
                return part;
        }
        // Reluctant or not, the same texts match.
        if (!_cursor.Take('?') && _cursor.Next is '*' or '+' or '{') _cursor.Throw("a repetition of a repetition needs parentheses");
        return new GrammarPart.Repeat(part, bounds.Min, bounds.Max);
    }

    private GrammarPart Atom()
    {
        switch (_cursor.Next)
        {
            case '(':
                return Group();
            case '[':
                _cursor.At++;
                return encode(Class());
            case '.':
                _cursor.At++;
                return encode(~CharSet.Of('\n'));
            case '\\':
                _cursor.At++;
                return encode(Escape(inClass: false));
            case '^' or '$':
                _cursor.Throw("^ and $ are supported at the ends of the whole expression and of its alternatives only");
                return GrammarPart.Nothing;
            case '*' or '+' or '?' or '{' or '}' or ']':
                _cursor.Throw($"'{_cursor.Next}' has nothing to belong to; as a character it needs a backslash");
                return GrammarPart.Nothing;
            default:
                return encode(CharSet.Of(_cursor.TakeScalar()));
        }
    }

    private GrammarPart Group()
    {
        _cursor.Need('(');
        if (_cursor.Take('?') && !_cursor.Take(':'))
        {
            if (!_cursor.Take('<') || _cursor.Next is '=' or '!') _cursor.Throw("only groups (…), (?:…) and (?<name>…) are supported, no look-around, options or atomic groups");
            if (_cursor.TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c == '_').Length == 0) _cursor.Throw("the group's name is missing");
            _cursor.Need('>');
        }
        GrammarPart inner = Alternatives();
        _cursor.Need(')');
        return inner;
    }

    /// <summary>A class, after its bracket.</summary>
    private CharSet Class()
    {
        bool negated = _cursor.Take('^');
        CharSet set = CharSet.None;
        if (_cursor.Next == ']') _cursor.Throw("the class is empty; a bracket as such is \\]");
        while (!_cursor.Take(']'))
        {
            CharSet low = ClassItem();
            if (_cursor.Next != '-' || _cursor.Follows("-]"))
            {
                set |= low;
                continue;
            }
            _cursor.Need('-');
            if (_cursor.Next == '[') _cursor.Throw("subtraction of classes is not supported");
            CharSet high = ClassItem();
            if (Single(low) is not { } first || Single(high) is not { } last || first > last)
            {
                _cursor.Throw("the range's ends are no characters, or in the wrong order");
                break;
            }
            set |= CharSet.Range(first, last);
        }
        return negated ? ~set : set;
    }

    private CharSet ClassItem()
    {
        if (_cursor.AtEnd) _cursor.Throw("']' is missing");
        return _cursor.Take('\\') ? Escape(inClass: true) : CharSet.Of(_cursor.TakeScalar());
    }

    private static int? Single(CharSet set) => set.Ranges is [var range] && range.Low == range.High ? range.Low : null;

    /// <summary>What stands after a backslash.</summary>
    private CharSet Escape(bool inClass)
    {
        int letter = _cursor.TakeScalar();
        switch (letter)
        {
            case 'd': return CharSet.Digits;
            case 'D': return ~CharSet.Digits;
            case 'w': return CharSet.WordCharacters;
            case 'W': return ~CharSet.WordCharacters;
            case 's': return CharSet.Spaces;
            case 'S': return ~CharSet.Spaces;
            case 'n': return CharSet.Of('\n');
            case 'r': return CharSet.Of('\r');
            case 't': return CharSet.Of('\t');
            case 'f': return CharSet.Of('\f');
            case 'v': return CharSet.Of('\v');
            case 'x': return CharSet.Of(_cursor.TakeHex(2));
            case 'u': return CharSet.Of(_cursor.TakeHex(4));
            case 'p': return Category();
            case 'P': return ~Category();
            case 'b' when inClass: return CharSet.Of('\b');
            case '0' when !char.IsAsciiDigit(_cursor.Next): return CharSet.Of(0);
            default:
                if (letter > 127 || char.IsAsciiLetterOrDigit((char)letter))
                    _cursor.Throw($"the escape \\{(char)letter} is not supported (neither are back-references and word borders)");
                return CharSet.Of(letter);
        }
    }

    private CharSet Category()
    {
        _cursor.Need('{');
        string name = _cursor.TakeWhile(char.IsAsciiLetter);
        _cursor.Need('}');
        if (CharSet.OfCategory(name) is { } set) return set;
        _cursor.Throw($"there is no category '{name}'; expected one like L, Lu or Nd");
        return CharSet.None;
    }

    private void Unexpected() => _cursor.Throw(_cursor.Next == ')' ? "')' has no partner" : "^ and $ are supported at the ends of the whole expression and of its alternatives only");

    private static string Shown(string pattern) => pattern.Length <= 60 ? pattern : pattern[..60] + "…";
}
