using System.Globalization;
using Heed.Tokenizers.Templates.Values;

namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>Reads expressions, from the loosest operator to the tightest.</summary>
internal sealed partial class ExpressionParser(TokenStream tokens)
{
    private static readonly string[] s_comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>An expression, or several with commas between them, which make a tuple.</summary>
    public Expression ReadTuple(bool withCondition = true, string? endsBefore = null, bool inParentheses = false)
    {
        int line = tokens.Current.Line;
        List<Expression> items = [];
        bool isTuple = false;
        while (!IsTupleEnd(endsBefore))
        {
            items.Add(Read(withCondition));
            if (!tokens.SkipOperator(",")) break;
            isTuple = true;
        }

        if (!isTuple && items.Count == 1) return items[0];
        if (!isTuple && !inParentheses) throw tokens.Unexpected("an expression");
        return new SequenceExpression(items, SequenceKind.Tuple, line);
    }

    public Expression Read(bool withCondition = true)
    {
        tokens.Enter();
        Expression value = ReadOr();
        while (withCondition && tokens.Current is { Line: var line } && tokens.SkipName("if"))
        {
            Expression condition = ReadOr();
            value = new ConditionalExpression(condition, value, tokens.SkipName("else") ? Read() : null, line);
        }

        tokens.Leave();
        return value;
    }

    private bool IsTupleEnd(string? endsBefore) =>
        tokens.Current.Type is TokenType.PrintEnd or TokenType.BlockEnd || tokens.IsOperator(")") || (endsBefore is not null && tokens.IsName(endsBefore));

    private Expression ReadOr()
    {
        Expression left = ReadAnd();
        while (tokens.Current is { Line: var line } && tokens.SkipName("or")) left = new LogicalExpression(isAnd: false, left, ReadAnd(), line);
        return left;
    }

    private Expression ReadAnd()
    {
        Expression left = ReadNot();
        while (tokens.Current is { Line: var line } && tokens.SkipName("and")) left = new LogicalExpression(isAnd: true, left, ReadNot(), line);
        return left;
    }

    private Expression ReadNot()
    {
        int line = tokens.Current.Line;
        if (!tokens.SkipName("not")) return ReadComparison();
        tokens.Enter();
        Expression operand = ReadNot();
        tokens.Leave();
        return new NotExpression(operand, line);
    }

    private Expression ReadComparison()
    {
        int line = tokens.Current.Line;
        Expression first = ReadSum();
        List<(string, Expression)> others = [];
        while (true)
        {
            string? sign = null;
            if (tokens.Current.Type == TokenType.Operator && s_comparisons.Contains(tokens.Current.Text)) sign = tokens.Next().Text;
            else if (tokens.SkipName("in")) sign = "in";
            else if (tokens.IsName("not") && tokens.Following.Is(TokenType.Name, "in"))
            {
                tokens.Next();
                tokens.Next();
                sign = "not in";
            }

            if (sign is null) return others.Count == 0 ? first : new ComparisonExpression(first, others, line);
            others.Add((sign, ReadSum()));
        }
    }

    private Expression ReadSum()
    {
        Expression left = ReadConcatenation();
        while (true)
        {
            int line = tokens.Current.Line;
            if (tokens.SkipOperator("+")) left = new BinaryExpression(Arithmetic.Add, left, ReadConcatenation(), line);
            else if (tokens.SkipOperator("-")) left = new BinaryExpression(Arithmetic.Subtract, left, ReadConcatenation(), line);
            else return left;
        }
    }

    private Expression ReadConcatenation()
    {
        int line = tokens.Current.Line;
        Expression first = ReadProduct();
        if (!tokens.IsOperator("~")) return first;
        List<Expression> parts = [first];
        while (tokens.SkipOperator("~")) parts.Add(ReadProduct());
        return new ConcatenationExpression(parts, line);
    }

    private Expression ReadProduct()
    {
        Expression left = ReadPower();
        while (true)
        {
            int line = tokens.Current.Line;
            if (tokens.SkipOperator("*")) left = new BinaryExpression(Arithmetic.Multiply, left, ReadPower(), line);
            else if (tokens.SkipOperator("/")) left = new BinaryExpression(Arithmetic.Divide, left, ReadPower(), line);
            else if (tokens.SkipOperator("//")) left = new BinaryExpression(Arithmetic.FloorDivide, left, ReadPower(), line);
            else if (tokens.SkipOperator("%")) left = new BinaryExpression(Arithmetic.Modulo, left, ReadPower(), line);
            else return left;
        }
    }

    private Expression ReadPower()
    {
        Expression left = ReadUnary(withFilters: true);
        while (tokens.Current is { Line: var line } && tokens.SkipOperator("**")) left = new BinaryExpression(Arithmetic.Power, left, ReadUnary(withFilters: true), line);
        return left;
    }

    private Expression ReadUnary(bool withFilters)
    {
        tokens.Enter();
        int line = tokens.Current.Line;
        Expression value =
            tokens.SkipOperator("-") ? new SignExpression(Arithmetic.Negate, ReadUnary(withFilters: false), line)
            : tokens.SkipOperator("+") ? new SignExpression(Arithmetic.Plus, ReadUnary(withFilters: false), line)
            : ReadPrimary();
        value = ReadPostfix(value);
        tokens.Leave();
        return withFilters ? ReadFilters(value) : value;
    }

    /// <summary>A name, a literal or what stands in brackets.</summary>
    private Expression ReadPrimary()
    {
        Token token = tokens.Current;
        switch (token.Type)
        {
            case TokenType.Name: return ReadName(tokens.Next());
            case TokenType.Text:
                List<string> parts = [];
                while (tokens.Current.Type == TokenType.Text) parts.Add(tokens.Next().Text);
                return new LiteralExpression(TextValue.FromTemplate(string.Concat(parts)), token.Line);
            case TokenType.Integer: return new LiteralExpression(new IntegerValue(long.Parse(tokens.Next().Text, CultureInfo.InvariantCulture)), token.Line);
            case TokenType.Float: return new LiteralExpression(new FloatValue(double.Parse(tokens.Next().Text, CultureInfo.InvariantCulture)), token.Line);
        }

        if (tokens.IsOperator("[")) return ReadList();
        if (tokens.IsOperator("{")) return ReadMapping();
        if (!tokens.SkipOperator("(")) throw tokens.Unexpected("an expression");
        Expression inner = ReadTuple(inParentheses: true);
        tokens.ExpectOperator(")");
        return inner;
    }

    private Expression ReadName(Token token)
    {
        Value? constant = token.Text switch
        {
            "true" or "True" => BooleanValue.True,
            "false" or "False" => BooleanValue.False,
            "none" or "None" => NoneValue.Instance,
            _ => null,
        };
        if (constant is not null) return new LiteralExpression(constant, token.Line);
        tokens.NamesRead.Add(token.Text);
        return new NameExpression(token.Text, token.Line);
    }

    private SequenceExpression ReadList()
    {
        int line = tokens.ExpectOperator("[").Line;
        List<Expression> items = [];
        while (!tokens.IsOperator("]"))
        {
            if (items.Count > 0) tokens.ExpectOperator(",");
            if (!tokens.IsOperator("]")) items.Add(Read());
        }

        tokens.Next();
        return new SequenceExpression(items, SequenceKind.List, line);
    }

    private MappingExpression ReadMapping()
    {
        int line = tokens.ExpectOperator("{").Line;
        List<(Expression, Expression)> entries = [];
        while (!tokens.IsOperator("}"))
        {
            if (entries.Count > 0) tokens.ExpectOperator(",");
            if (tokens.IsOperator("}")) break;
            Expression key = Read();
            tokens.ExpectOperator(":");
            entries.Add((key, Read()));
        }

        tokens.Next();
        return new MappingExpression(entries, line);
    }
}
