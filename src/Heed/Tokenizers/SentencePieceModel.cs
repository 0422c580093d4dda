namespace Heed.Tokenizers;

/// <summary>What a SentencePiece vocabulary says, whichever file it came from.</summary>
internal sealed record SentencePieceModel(string Path, string[] Pieces, float[] Scores, TokenKind[] Kinds)
{
    /// <summary>Pieces are chosen by Viterbi over their log-probabilities; otherwise by byte-pair merges in order of score.</summary>
    public bool IsUnigram { get; init; }

    public bool ByteFallback { get; init; } = true;

    public bool AddDummyPrefix { get; init; } = true;

    public bool RemoveExtraWhitespaces { get; init; }

    public bool EscapeWhitespaces { get; init; } = true;

    public byte[] CharsMap { get; init; } = [];

    /// <summary>What the unknown token looks like when it is decoded.</summary>
    public string UnknownSurface { get; init; } = " \u2047 ";

    public int? BosId { get; init; }

    public int? EosId { get; init; }

    public int? UnknownId { get; init; }

    public int? PadId { get; init; }

    public bool AddBos { get; init; }

    public bool AddEos { get; init; }

    public string? ChatTemplate { get; init; }

    public IReadOnlyList<int> MoreStopIds { get; init; } = [];

    /// <summary>Whether plain text can produce this piece as one token.</summary>
    public bool IsText(int id) => Kinds[id] is TokenKind.Normal or TokenKind.UserDefined or TokenKind.Unused && Pieces[id].Length > 0;

    /// <summary>The byte that a byte token such as "&lt;0x0A&gt;" stands for, or -1.</summary>
    public static int ByteOf(ReadOnlySpan<char> piece)
    {
        if (piece.Length != 6 || !piece.StartsWith("<0x") || piece[5] != '>') return -1;
        return byte.TryParse(piece.Slice(3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out byte value) ? value : -1;
    }

    /// <summary>For each byte the id of its token, or -1.</summary>
    public int[] ByteIds()
    {
        int[] ids = new int[256];
        Array.Fill(ids, -1);
        for (int id = 0; id < Pieces.Length; id++)
        {
            int value = Kinds[id] == TokenKind.Byte ? ByteOf(Pieces[id]) : -1;
            if (value >= 0) ids[value] = id;
        }

        return ids;
    }
}
