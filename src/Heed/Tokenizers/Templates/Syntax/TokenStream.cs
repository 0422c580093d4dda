using System.Runtime.CompilerServices;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>The tokens of a template, one after the other.</summary>
internal sealed class TokenStream(string template, List<Token> tokens, int maxNesting)
{
    private int _index;
    private int _nesting;

    /// <summary>Names that were read, in order: a macro looks here for those that mean something to it.</summary>
    public List<string> NamesRead { get; } = [];

    public Token Current => tokens[_index];

    public Token Following => tokens[Math.Min(_index + 1, tokens.Count - 1)];

    public Token Next()
    {
        Token token = Current;
        if (_index + 1 < tokens.Count) _index++;
        return token;
    }

    public bool IsOperator(string sign) => Current.Is(TokenType.Operator, sign);

    public bool IsName(string name) => Current.Is(TokenType.Name, name);

    public bool SkipOperator(string sign) => IsOperator(sign) && Skip();

    public bool SkipName(string name) => IsName(name) && Skip();

    public Token ExpectOperator(string sign) => IsOperator(sign) ? Next() : throw Unexpected($"'{sign}'");

    public string ExpectName() => Current.Type == TokenType.Name ? Next().Text : throw Unexpected("a name");

    public void Expect(TokenType type)
    {
        if (Current.Type != type) throw Unexpected(new Token(type, string.Empty, 0).Describe());
        Next();
    }

    /// <summary>Goes one level deeper into brackets or blocks.</summary>
    public void Enter()
    {
        if (++_nesting > maxNesting || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Error($"brackets and blocks are nested {_nesting} deep; at most {maxNesting} are allowed.");
    }

    public void Leave() => _nesting--;

    public TemplateException Unexpected(string expected) => Error($"got {Current.Describe()}, expected {expected}.");

    public TemplateException Error(string problem, int line = 0) => new(template, line > 0 ? line : Current.Line, problem);

    private bool Skip()
    {
        Next();
        return true;
    }
}
