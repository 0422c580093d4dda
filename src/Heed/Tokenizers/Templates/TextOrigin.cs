namespace Heed.Tokenizers.Templates;

/// <summary>Where a character of a rendered text comes from.</summary>
[Flags]
internal enum TextOrigin
{
    /// <summary>Written in the template or by the caller's own hand: may spell special tokens.</summary>
    Template = 0,

    /// <summary>Came with a message, a tool or a variable: plain text, whatever it spells.</summary>
    Input = 1,

    /// <summary>Stands between generation and endgeneration.</summary>
    Answer = 2,

    /// <summary>The content of an assistant's message.</summary>
    Said = 4,
}
