namespace Heed.Tokenizers;

/// <summary>What a vocabulary entry is; the numbers are those of SentencePiece and of GGUF's <c>token_type</c>.</summary>
public enum TokenKind
{
    /// <summary>Ordinary text.</summary>
    Normal = 1,

    /// <summary>Stands for text that the vocabulary cannot spell.</summary>
    Unknown = 2,

    /// <summary>A control token such as begin-of-sequence: never produced from plain text.</summary>
    Control = 3,

    /// <summary>Added by the user: always found in plain text as a whole.</summary>
    UserDefined = 4,

    /// <summary>Reserved: never produced.</summary>
    Unused = 5,

    /// <summary>One raw byte, for text that has no token of its own.</summary>
    Byte = 6,
}
