namespace Heed.Tokenizers.Templates;

/// <summary>Bounds and habits of a template. The bounds count work, not time, so that the same input always ends in the same way.</summary>
public sealed record TemplateOptions
{
    /// <summary>The bounds of templates as they are published, with much room.</summary>
    public static TemplateOptions Default { get; } = new();

    /// <summary>Whose habits count where engines differ.</summary>
    public TemplateDialect Dialect { get; init; } = TemplateDialect.Python;

    /// <summary>The most UTF-16 characters of a template's source.</summary>
    public int MaxSourceLength { get; init; } = 1 << 20;

    /// <summary>How deep brackets and blocks of a template's source may nest.</summary>
    public int MaxNesting { get; init; } = 100;

    /// <summary>How deep evaluation may nest: macros that call themselves, and the values that a template makes.</summary>
    public int MaxDepth { get; init; } = 1000;

    /// <summary>The most UTF-16 characters of any text that a template makes, its output included.</summary>
    public int MaxTextLength { get; init; } = 1 << 24;

    /// <summary>The most steps of a rendering: an expression, a turn of a loop, a list's entry, and every 16 characters that are copied or compared count one.</summary>
    public long MaxSteps { get; init; } = 10_000_000;
}
