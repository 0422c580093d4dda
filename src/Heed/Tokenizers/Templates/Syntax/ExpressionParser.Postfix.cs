using System.Globalization;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>What may follow a value: attributes, entries, calls, filters and tests.</summary>
internal sealed partial class ExpressionParser
{
    /// <summary>filter(…) | filter(…), for a block's text.</summary>
    public FilterExpression ReadBlockFilters()
    {
        FilterExpression filter = ReadFilter(input: null);
        while (tokens.SkipOperator("|")) filter = ReadFilter(filter);
        return filter;
    }

    private Expression ReadPostfix(Expression value)
    {
        while (true)
        {
            int line = tokens.Current.Line;
            if (tokens.SkipOperator(".")) value = ReadAttribute(value, line);
            else if (tokens.SkipOperator("[")) value = ReadSubscript(value, line);
            else if (tokens.IsOperator("(")) value = new CallExpression(value, ReadArguments(), line);
            else return value;
        }
    }

    private Expression ReadFilters(Expression value)
    {
        while (true)
        {
            if (tokens.SkipOperator("|")) value = ReadFilter(value);
            else if (tokens.IsName("is")) value = ReadTest(value);
            else if (tokens.IsOperator("(")) value = new CallExpression(value, ReadArguments(), tokens.Current.Line);
            else return value;
        }
    }

    private Expression ReadAttribute(Expression value, int line)
    {
        if (tokens.Current.Type == TokenType.Name) return new AttributeExpression(value, tokens.Next().Text, line);
        if (tokens.Current.Type != TokenType.Integer) throw tokens.Unexpected("a name or a number");
        return new ItemExpression(value, new LiteralExpression(new IntegerValue(long.Parse(tokens.Next().Text, CultureInfo.InvariantCulture)), line), line);
    }

    private Expression ReadSubscript(Expression value, int line)
    {
        Expression? start = tokens.IsOperator(":") ? null : Read();
        if (start is not null && !tokens.IsOperator(":"))
        {
            tokens.ExpectOperator("]");
            return new ItemExpression(value, start, line);
        }

        tokens.ExpectOperator(":");
        Expression? end = tokens.IsOperator(":") || tokens.IsOperator("]") ? null : Read();
        Expression? step = tokens.SkipOperator(":") && !tokens.IsOperator("]") ? Read() : null;
        tokens.ExpectOperator("]");
        return new SliceExpression(value, start, end, step, line);
    }

    private ArgumentList ReadArguments()
    {
        int line = tokens.ExpectOperator("(").Line;
        List<Expression> positional = [];
        List<(string, Expression)> named = [];
        Expression? more = null, moreNamed = null;
        for (bool isFirst = true; !tokens.IsOperator(")"); isFirst = false)
        {
            if (!isFirst) tokens.ExpectOperator(",");
            if (tokens.IsOperator(")")) break;
            if (moreNamed is not null) throw tokens.Error("call: an argument after '**'.", line);
            if (tokens.SkipOperator("**")) moreNamed = Read();
            else if (tokens.SkipOperator("*")) more = more is null ? Read() : throw tokens.Error("call: '*' twice.", line);
            else if (tokens.Current.Type == TokenType.Name && tokens.Following.Is(TokenType.Operator, "="))
            {
                string name = tokens.Next().Text;
                tokens.Next();
                named.Add((name, Read()));
            }
            else if (more is null && named.Count == 0) positional.Add(Read());
            else throw tokens.Error("call: an argument without a name after one with a name or '*'.", line);
        }

        tokens.Next();
        return new ArgumentList(positional, named, more, moreNamed);
    }

    private FilterExpression ReadFilter(Expression? input)
    {
        int line = tokens.Current.Line;
        string name = ReadDottedName();
        return new FilterExpression(input, name, tokens.IsOperator("(") ? ReadArguments() : ArgumentList.Empty, line);
    }

    private Expression ReadTest(Expression value)
    {
        int line = tokens.Next().Line;
        bool isNegated = tokens.SkipName("not");
        string name = ReadDottedName();
        ArgumentList arguments = tokens.IsOperator("(") ? ReadArguments() : BeginsTestArgument() ? new ArgumentList([ReadPostfix(ReadPrimary())], [], null, null) : ArgumentList.Empty;
        TestExpression test = new(value, name, arguments, line);
        return isNegated ? new NotExpression(test, line) : test;
    }

    // The words that go on after a test are none of its arguments.
    private bool BeginsTestArgument() => tokens.Current.Type switch
    {
        TokenType.Name => tokens.Current.Text is not ("else" or "or" or "and" or "if" or "is" or "in" or "not" or "recursive"),
        TokenType.Text or TokenType.Integer or TokenType.Float => true,
        _ => tokens.IsOperator("[") || tokens.IsOperator("{"),
    };

    private string ReadDottedName()
    {
        string name = tokens.ExpectName();
        while (tokens.SkipOperator(".")) name += "." + tokens.ExpectName();
        return name;
    }
}
