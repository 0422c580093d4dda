using System.Text;

namespace Heed.Inference.Grammars;

/// <summary>
/// GBNF, the grammar notation of llama.cpp: rules <c>name ::= …</c> with "texts", [classes], (groups), |, *, +, ?, {n,m} and
/// # comments; texts begin with the rule root.
/// </summary>
internal sealed class GbnfCompiler
{
    private const int Nesting = 500;
    private const string Root = "root";
    private readonly TextCursor _cursor;
    private readonly GrammarRules _rules = new();
    private readonly Dictionary<string, int> _indexes = new(StringComparer.Ordinal);

    private GbnfCompiler(string text) => _cursor = new TextCursor("GBNF", text);

    /// <exception cref="GrammarException">The text is no GBNF, or has no finite text that matches.</exception>
    public static GrammarNetwork Compile(string text) => new GbnfCompiler(text).Compile();

    private GrammarNetwork Compile()
    {
        _cursor.CheckLength();
        Index(Root);
        for (Skip(lines: true); !_cursor.AtEnd; Skip(lines: true))
        {
            string name = Name();
            Skip(lines: true);
            if (!_cursor.Take("::=")) _cursor.Throw("'::=' is missing");
            Skip(lines: true);
            GrammarRules.Rule rule = _rules[Index(name)];
            if (rule.Body is not null) _cursor.Throw($"there is a second rule {name}");
            rule.Body = Alternatives(inGroup: false);
            if (!_cursor.AtEnd && _cursor.Next is not ('\n' or '\r')) _cursor.Throw("the end of the line is expected");
        }
        for (int i = 0; i < _rules.Count; i++)
            if (_rules[i].Body is null) throw new GrammarException($"GBNF: there is no rule {_rules[i].Name}{(i == 0 ? ", with which texts begin" : ", which another one names")}.");
        return new GrammarNetwork(_rules, Nesting);
    }

    private int Index(string name)
    {
        if (_indexes.TryGetValue(name, out int index)) return index;
        return _indexes[name] = _rules.Add(name, weight: 1);
    }

    private string Name()
    {
        string name = _cursor.TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        if (name.Length == 0) _cursor.Throw("the name of a rule is expected");
        return name;
    }

    /// <summary>Skips spaces and comments, and the ends of lines where they mean nothing.</summary>
    private void Skip(bool lines)
    {
        while (true)
        {
            _cursor.TakeWhile(c => c is ' ' or '\t' || (lines && c is '\n' or '\r'));
            if (_cursor.Next != '#') return;
            _cursor.TakeWhile(c => c is not ('\n' or '\r'));
        }
    }

    private GrammarPart Alternatives(bool inGroup)
    {
        _cursor.Enter();
        List<GrammarPart> branches = [Sequence(inGroup)];
        while (TakeBar())
        {
            Skip(lines: true);
            branches.Add(Sequence(inGroup));
        }
        _cursor.Leave();
        return GrammarPart.AnyOf([.. branches]);
    }

    /// <summary>A bar goes on with a rule also at the beginning of a line.</summary>
    private bool TakeBar()
    {
        int at = _cursor.At;
        Skip(lines: true);
        if (_cursor.Take('|')) return true;
        _cursor.At = at;
        return false;
    }

    private GrammarPart Sequence(bool inGroup)
    {
        List<GrammarPart> parts = [];
        while (Atom(inGroup) is { } atom)
        {
            Skip(inGroup);
            while (Bounds() is { } bounds)
            {
                atom = new GrammarPart.Repeat(atom, bounds.Min, bounds.Max);
                Skip(inGroup);
            }
            parts.Add(atom);
        }
        return GrammarPart.InOrder([.. parts]);
    }

    private (int Min, int? Max)? Bounds()
    {
        if (_cursor.Take('*')) return (0, null);
        if (_cursor.Take('+')) return (1, null);
        if (_cursor.Take('?')) return (0, 1);
        return _cursor.Take('{') ? _cursor.TakeBounds() : null;
    }

    /// <summary>The next atom, or null where the sequence ends.</summary>
    private GrammarPart? Atom(bool inGroup)
    {
        if (_cursor.Take('"')) return Text();
        if (_cursor.Take('[')) return Class().ToUtf8();
        if (_cursor.Take('.')) return CharSet.All.ToUtf8();
        if (_cursor.Take('('))
        {
            Skip(lines: true);
            GrammarPart group = Alternatives(inGroup: true);
            Skip(lines: true);
            _cursor.Need(')');
            return group;
        }
        if (char.IsAsciiLetterOrDigit(_cursor.Next) || _cursor.Next is '-' or '_')
        {
            string name = Name();
            return new GrammarPart.Call(Index(name));
        }
        if (_cursor.Next is '<' or '!') _cursor.Throw("tokens in a grammar (<…>) are not supported; write their text");
        if (!_cursor.AtEnd && _cursor.Next is not ('|' or '\n' or '\r') && !(inGroup && _cursor.Next == ')')) _cursor.Throw($"'{_cursor.Next}' is not expected");
        return null;
    }

    private GrammarPart Text()
    {
        StringBuilder text = new();
        while (!_cursor.Take('"'))
        {
            if (_cursor.Next is '\n' or '\r') _cursor.Throw("the text does not end on its line");
            text.Append(new Rune(Character()).ToString());
        }
        return GrammarPart.Text(text.ToString());
    }

    private CharSet Class()
    {
        bool negated = _cursor.Take('^');
        CharSet set = CharSet.None;
        while (!_cursor.Take(']'))
        {
            int low = Character(), high = low;
            if (_cursor.Next == '-' && !_cursor.Follows("-]"))
            {
                _cursor.Need('-');
                high = Character();
                if (low > high) _cursor.Throw("the ends of a range are in the wrong order");
            }
            set |= CharSet.Range(low, high);
        }
        return negated ? ~set : set;
    }

    private int Character()
    {
        int letter = _cursor.TakeScalar();
        if (letter != '\\') return letter;
        letter = _cursor.TakeScalar();
        switch (letter)
        {
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'x': return _cursor.TakeHex(2);
            case 'u': return _cursor.TakeHex(4);
            case 'U': return _cursor.TakeHex(8);
            case '\\' or '"' or '[' or ']' or '-' or '^': return letter;
            default:
                _cursor.Throw($"the escape \\{new Rune(letter)} is not known");
                return 0;
        }
    }
}
