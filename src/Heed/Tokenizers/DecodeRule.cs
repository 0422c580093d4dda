using System.Buffers;

namespace Heed.Tokenizers;

/// <summary>How the bytes of tokens become one text: what happens to spaces at its start and between its tokens.</summary>
/// <param name="Start">What happens at the start of the text.</param>
/// <param name="Letter">The ASCII character taken away by <see cref="TextStart.StripsLetters"/>.</param>
/// <param name="Count">How many of them at most.</param>
/// <param name="JoinsWithSpaces">A space is put between tokens.</param>
internal sealed record DecodeRule(TextStart Start, byte Letter = (byte)' ', int Count = 1, bool JoinsWithSpaces = false)
{
    public static DecodeRule Plain { get; } = new(TextStart.Keeps);

    /// <summary>The state before the first token.</summary>
    /// <param name="continues">The text goes on from one that came before: its start is not a start.</param>
    public DecodeState Begin(bool continues) => new() { AtStart = !continues, Left = continues ? 0 : Count };

    /// <summary>Writes what one token adds to the text.</summary>
    /// <param name="bytes">The token's bytes.</param>
    /// <param name="isWhole">The token is a raw byte or the unknown mark, whose space is never that of a word.</param>
    /// <param name="state">What is remembered between tokens.</param>
    /// <param name="output">Where the bytes go.</param>
    public void Append(ReadOnlySpan<byte> bytes, bool isWhole, ref DecodeState state, IBufferWriter<byte> output)
    {
        if (JoinsWithSpaces && !state.AtStart) output.Write(" "u8);
        switch (Start)
        {
            case TextStart.StripsLetters:
                while (state.Left > 0 && bytes.Length > 0)
                {
                    state.Left = bytes[0] == Letter ? state.Left - 1 : 0;
                    if (state.Left > 0 || bytes[0] == Letter) bytes = bytes[1..];
                }

                break;
            case TextStart.StripsSpaceOfFirstPiece or TextStart.StripsSpaceOfLeadingPieces when state.AtStart && !isWhole:
                if (bytes.Length == 0 || bytes[0] != ' ') break;
                bytes = bytes[1..];
                if (Start == TextStart.StripsSpaceOfFirstPiece) state.AtStart = false;
                break;
        }

        if (bytes.Length > 0 || JoinsWithSpaces) state.AtStart = false;
        output.Write(bytes);
    }
}

/// <summary>What decoding does to the start of a text.</summary>
internal enum TextStart
{
    /// <summary>Nothing.</summary>
    Keeps,

    /// <summary>Takes away one space of the first piece: the one that encoding put there.</summary>
    StripsSpaceOfFirstPiece,

    /// <summary>The same, for pieces until one leaves text behind.</summary>
    StripsSpaceOfLeadingPieces,

    /// <summary>Takes away up to a number of a letter.</summary>
    StripsLetters,
}

/// <summary>What decoding remembers from token to token.</summary>
internal struct DecodeState
{
    public bool AtStart;
    public int Left;
}
