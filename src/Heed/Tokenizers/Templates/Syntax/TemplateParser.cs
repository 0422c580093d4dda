using Heed.Tokenizers.Templates.Execution;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>Reads a template's statements.</summary>
internal sealed class TemplateParser
{
    private readonly TokenStream _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(TokenStream tokens) => (_tokens, _expressions) = (tokens, new ExpressionParser(tokens));

    public static Block Parse(string template, string source, int maxNesting)
    {
        TemplateParser parser = new(new TokenStream(template, TemplateLexer.Read(template, source), maxNesting));
        Block block = parser.ReadStatements(opener: null, line: 0);
        return block;
    }

    // Up to one of the ends, whose name is then the next token; or to the end of the template.
    private Block ReadStatements(string? opener, int line, params string[] ends)
    {
        _tokens.Enter();
        List<Statement> statements = [];
        while (true)
        {
            Token token = _tokens.Next();
            switch (token.Type)
            {
                case TokenType.Data: statements.Add(new DataStatement(token.Text, token.Line)); break;
                case TokenType.PrintBegin:
                    statements.Add(new PrintStatement(_expressions.ReadTuple(), token.Line));
                    _tokens.Expect(TokenType.PrintEnd);
                    break;
                case TokenType.BlockBegin when _tokens.Current.Type == TokenType.Name && ends.Contains(_tokens.Current.Text):
                    _tokens.Leave();
                    return new Block(statements);
                case TokenType.BlockBegin:
                    statements.Add(ReadStatement());
                    _tokens.Expect(TokenType.BlockEnd);
                    break;
                default:
                    if (opener is not null) throw _tokens.Error($"'{opener}' of line {line} is not closed; got {token.Describe()}, expected '{{% {ends[^1]} %}}'.", line);
                    _tokens.Leave();
                    return new Block(statements);
            }
        }
    }

    private Statement ReadStatement()
    {
        int line = _tokens.Current.Line;
        string tag = _tokens.ExpectName();
        return tag switch
        {
            "if" => ReadIf(line),
            "for" => ReadFor(line),
            "set" => ReadSet(line),
            "macro" => ReadMacro(line),
            "call" => ReadCall(line),
            "filter" => ReadFilter(line),
            "with" => ReadWith(line),
            "generation" => new GenerationStatement(ReadBody(tag, line), line),
            "print" => ReadPrint(line),
            "break" => ReadJump(tag, Flow.Break, line),
            "continue" => ReadJump(tag, Flow.Continue, line),
            "block" or "extends" or "include" or "import" or "from" or "autoescape" =>
                throw _tokens.Error($"'{tag}' is of no use in a chat template, which has no other templates and no HTML; not supported.", line),
            _ => throw _tokens.Error($"got the statement '{tag}'; expected if, for, set, macro, call, filter, with, generation, print, raw, break or continue.", line),
        };
    }

    /// <summary>The end of an opening tag, the statements, and the name of the closing tag.</summary>
    private Block ReadBody(string tag, int line)
    {
        Block body = ReadPart(tag, line, $"end{tag}");
        _tokens.Next();
        return body;
    }

    private Block ReadPart(string tag, int line, params string[] ends)
    {
        _tokens.SkipOperator(":");
        _tokens.Expect(TokenType.BlockEnd);
        return ReadStatements(tag, line, ends);
    }

    private IfStatement ReadIf(int line)
    {
        List<(Expression, Block)> branches = [];
        Block otherwise = Block.Empty;
        string end = "elif";
        while (end == "elif")
        {
            Expression condition = _expressions.ReadTuple(withCondition: false);
            branches.Add((condition, ReadPart("if", line, "elif", "else", "endif")));
            end = _tokens.Next().Text;
        }

        if (end == "else") otherwise = ReadBody("if", line);
        return new IfStatement(branches, otherwise, line);
    }

    private ForStatement ReadFor(int line)
    {
        AssignmentTarget target = ReadTarget(mayBeAttribute: false, endsBefore: "in");
        if (!_tokens.SkipName("in")) throw _tokens.Unexpected("'in'");
        Expression items = _expressions.ReadTuple(withCondition: false, endsBefore: "recursive");
        Expression? filter = _tokens.SkipName("if") ? _expressions.Read() : null;
        bool isRecursive = _tokens.SkipName("recursive");
        _loops++;
        Block body = ReadPart("for", line, "else", "endfor"), otherwise = Block.Empty;
        _loops--;
        if (_tokens.Next().Text == "else") otherwise = ReadBody("for", line);
        return new ForStatement(target, items, filter, isRecursive, body, otherwise, line);
    }

    private Statement ReadSet(int line)
    {
        AssignmentTarget target = ReadTarget(mayBeAttribute: true, endsBefore: null);
        if (_tokens.SkipOperator("=")) return new SetStatement(target, _expressions.ReadTuple(), line);
        FilterExpression? filter = _tokens.SkipOperator("|") ? _expressions.ReadBlockFilters() : null;
        return new SetBlockStatement(target, filter, ReadBody("set", line), line);
    }

    private MacroStatement ReadMacro(int line)
    {
        string name = _tokens.ExpectName();
        return new MacroStatement(ReadDefinition(name, "macro", line, ReadParameters()), line);
    }

    private CallStatement ReadCall(int line)
    {
        List<(string, Expression?)> parameters = _tokens.IsOperator("(") ? ReadParameters() : [];
        if (_expressions.Read() is not CallExpression call) throw _tokens.Error("'call': expected a call of a macro.", line);
        return new CallStatement(call, ReadDefinition("caller", "call", line, parameters), line);
    }

    private MacroDefinition ReadDefinition(string name, string tag, int line, List<(string Name, Expression? Default)> parameters)
    {
        int read = _tokens.NamesRead.Count, loops = _loops;
        _loops = 0;
        Block body = ReadBody(tag, line);
        _loops = loops;
        HashSet<string> names = [.. _tokens.NamesRead.Skip(read)];
        return new MacroDefinition(name, parameters, body)
        {
            TakesMore = names.Contains("varargs"),
            TakesMoreNamed = names.Contains("kwargs"),
            TakesCaller = names.Contains("caller"),
        };
    }

    private List<(string, Expression?)> ReadParameters()
    {
        List<(string Name, Expression? Default)> parameters = [];
        _tokens.ExpectOperator("(");
        while (!_tokens.IsOperator(")"))
        {
            if (parameters.Count > 0) _tokens.ExpectOperator(",");
            string name = _tokens.ExpectName();
            Expression? otherwise = _tokens.SkipOperator("=") ? _expressions.Read() : null;
            if (otherwise is null && parameters.Count > 0 && parameters[^1].Default is not null) throw _tokens.Error($"the parameter '{name}' without a default follows one with a default.");
            parameters.Add((name, otherwise));
        }

        _tokens.Next();
        return parameters;
    }

    private FilterStatement ReadFilter(int line)
    {
        FilterExpression filter = _expressions.ReadBlockFilters();
        return new FilterStatement(filter, ReadBody("filter", line), line);
    }

    private WithStatement ReadWith(int line)
    {
        List<(AssignmentTarget, Expression)> bindings = [];
        while (_tokens.Current.Type != TokenType.BlockEnd)
        {
            if (bindings.Count > 0) _tokens.ExpectOperator(",");
            AssignmentTarget target = new(ReadTargetName());
            _tokens.ExpectOperator("=");
            bindings.Add((target, _expressions.Read()));
        }

        return new WithStatement(bindings, ReadBody("with", line), line);
    }

    private PrintStatement ReadPrint(int line)
    {
        List<Expression> values = [];
        do values.Add(_expressions.Read());
        while (_tokens.SkipOperator(","));
        return new PrintStatement(values.Count == 1 ? values[0] : new ConcatenationExpression(values, line), line);
    }

    private JumpStatement ReadJump(string tag, Flow flow, int line) =>
        _loops > 0 ? new JumpStatement(flow, line) : throw _tokens.Error($"'{tag}' outside of a loop.", line);

    // a, b.c, (d, e)
    private AssignmentTarget ReadTarget(bool mayBeAttribute, string? endsBefore)
    {
        List<AssignmentTarget> parts = [];
        bool isTuple = false;
        while (parts.Count == 0 || !(_tokens.IsOperator(")") || _tokens.IsOperator("=") || (endsBefore is not null && _tokens.IsName(endsBefore))))
        {
            parts.Add(ReadSingleTarget(mayBeAttribute, endsBefore));
            if (!_tokens.SkipOperator(",")) break;
            isTuple = true;
        }

        return isTuple ? new AssignmentTarget(parts) : parts[0];
    }

    private AssignmentTarget ReadSingleTarget(bool mayBeAttribute, string? endsBefore)
    {
        if (_tokens.SkipOperator("("))
        {
            _tokens.Enter();
            AssignmentTarget inner = ReadTarget(mayBeAttribute, endsBefore);
            _tokens.Leave();
            _tokens.ExpectOperator(")");
            return inner;
        }

        string name = ReadTargetName();
        return mayBeAttribute && _tokens.SkipOperator(".") ? new AssignmentTarget(name, _tokens.ExpectName()) : new AssignmentTarget(name);
    }

    private string ReadTargetName() => _tokens.Current.Text is "true" or "false" or "none" or "True" or "False" or "None"
        ? throw _tokens.Unexpected("a name that can be set")
        : _tokens.ExpectName();
}
