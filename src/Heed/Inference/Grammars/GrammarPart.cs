using System.Text;

namespace Heed.Inference.Grammars;

/// <summary>An expression over bytes: what regular expressions, schemas and GBNF grammars are compiled to.</summary>
internal abstract record GrammarPart
{
    /// <summary>Matches the empty text.</summary>
    public static GrammarPart Empty { get; } = new Sequence([]);

    /// <summary>Matches nothing at all.</summary>
    public static GrammarPart Nothing { get; } = new Choice([]);

    public static GrammarPart Text(string text) => new Literal(Encoding.UTF8.GetBytes(text));

    public static GrammarPart InOrder(params GrammarPart[] parts) => parts.Length == 1 ? parts[0] : new Sequence(parts);

    public static GrammarPart AnyOf(params GrammarPart[] parts) => parts.Length == 1 ? parts[0] : new Choice(parts);

    public static GrammarPart Optional(GrammarPart part) => new Repeat(part, 0, 1);

    public static GrammarPart Many(GrammarPart part) => new Repeat(part, 0, null);

    /// <summary>One byte of a range, both ends included.</summary>
    internal sealed record Bytes(byte Low, byte High) : GrammarPart;

    /// <summary>These bytes.</summary>
    internal sealed record Literal(byte[] Value) : GrammarPart;

    /// <summary>All parts, one after the other.</summary>
    internal sealed record Sequence(IReadOnlyList<GrammarPart> Parts) : GrammarPart;

    /// <summary>Any one of the parts.</summary>
    internal sealed record Choice(IReadOnlyList<GrammarPart> Parts) : GrammarPart;

    /// <summary>The part from <paramref name="Min"/> to <paramref name="Max"/> times; null for no bound.</summary>
    internal sealed record Repeat(GrammarPart Part, int Min, int? Max) : GrammarPart;

    /// <summary>What a rule matches.</summary>
    internal sealed record Call(int Rule) : GrammarPart;
}
