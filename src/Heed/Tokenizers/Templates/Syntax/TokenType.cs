namespace Heed.Tokenizers.Templates.Syntax;

/// <summary>What a piece of a template's source is.</summary>
internal enum TokenType
{
    Data,
    BlockBegin,
    BlockEnd,
    PrintBegin,
    PrintEnd,
    Name,
    Text,
    Integer,
    Float,
    Operator,
    End,
}
