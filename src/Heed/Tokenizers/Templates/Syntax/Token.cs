namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>A piece of a template's source.</summary>
internal readonly record struct Token(TokenType Type, string Text, int Line)
{
    public bool Is(TokenType type, string text) => Type == type && Text == text;

    /// <summary>As error messages show it.</summary>
    public string Describe() => Type switch
    {
        TokenType.End => "the end of the template",
        TokenType.Data => "text",
        TokenType.BlockEnd => "'%}'",
        TokenType.PrintEnd => "'}}'",
        TokenType.BlockBegin => "'{%'",
        TokenType.PrintBegin => "'{{'",
        TokenType.Text => $"the text '{(Text.Length > 20 ? Text[..20] + "…" : Text)}'",
        _ => $"'{(Text.Length > 40 ? Text[..40] + "…" : Text)}'",
    };
}
