namespace Heed.Inference.Grammars;

/// <summary>
/// What a generated text must look like: with <see cref="GenerationOptions.Grammar"/> only tokens that keep to it are chosen.
/// It does not change and may be used by any number of generations and models; what a model learns about it is kept with the
/// model for as long as the grammar lives, so one that is used again should be kept.
/// </summary>
public sealed class Grammar
{
    private Grammar(GrammarNetwork network) => Network = network;

    /// <summary>Any JSON text (RFC 8259), nested at most 62 deep.</summary>
    public static Grammar Json { get; } = new(JsonRules.Compile());

    internal GrammarNetwork Network { get; }

    /// <summary>JSON texts that a JSON Schema allows; docs/structured-output.md lists the keywords.</summary>
    /// <param name="schema">The schema, as JSON.</param>
    /// <exception cref="GrammarException">It is no schema, no text is valid, or it has a keyword that cannot be held to; the message says where.</exception>
    public static Grammar FromSchema(string schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return new Grammar(SchemaCompiler.Compile(schema));
    }

    /// <summary>JSON texts that a schema allows, with something after them.</summary>
    internal static Grammar FromSchema(string schema, string end) => new(SchemaCompiler.Compile(schema, end));

    /// <summary>Texts that match a regular expression as a whole.</summary>
    /// <param name="pattern">The expression, without look-around, back-references and \b; \d, \w and \s are ASCII's.</param>
    /// <exception cref="GrammarException">It cannot be read, is not supported, or matches nothing; the message says where.</exception>
    public static Grammar FromRegex(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        GrammarRules rules = new();
        rules.Add("regex", new RegexCompiler(pattern, set => set.ToUtf8()).Whole());
        return new Grammar(new GrammarNetwork(rules, maxNesting: 0));
    }

    /// <summary>Texts of a context-free grammar in llama.cpp's notation, GBNF, from its rule root on.</summary>
    /// <param name="grammar">The rules.</param>
    /// <exception cref="GrammarException">It cannot be read, is left-recursive, or matches nothing; the message says where.</exception>
    public static Grammar FromGbnf(string grammar)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        return new Grammar(GbnfCompiler.Compile(grammar));
    }
}
