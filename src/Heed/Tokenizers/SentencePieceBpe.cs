using System.Buffers;
using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// SentencePiece's byte-pair encoding: characters are merged into pieces in order of the pieces' scores.
/// A piece may be made from any two neighbours that spell it, so every such pair goes into the merge table.
/// </summary>
internal sealed class SentencePieceBpe
{
    private const int MaxPieceLength = 1024;
    private readonly SentencePieceModel _model;
    private readonly MergeTable _merges;
    private readonly RuneSymbols _symbols = new();
    private readonly List<Rune> _unlisted = [];
    private readonly int[] _byteIds;
    private readonly int _unknown;
    private readonly bool _hasUnused;

    public SentencePieceBpe(SentencePieceModel model)
    {
        _model = model;
        _byteIds = model.ByteFallback ? model.ByteIds() : [];
        _unknown = model.UnknownId ?? -1;
        _hasUnused = model.Kinds.Contains(TokenKind.Unused);
        Dictionary<string, int> pieces = [];
        for (int id = 0; id < model.Pieces.Length; id++)
        {
            if (!model.IsText(id)) continue;
            string piece = model.Pieces[id];
            if (piece.Length > MaxPieceLength)
                throw new FileFormatException(model.Path, $"a piece of {piece.Length} characters; at most {MaxPieceLength} are supported", $"piece {id}");
            pieces[piece] = id;
            if (Rune.DecodeFromUtf16(piece, out Rune rune, out int length) == OperationStatus.Done && length == piece.Length) _symbols.Set(rune, id);
        }

        _merges = new MergeTable(2 * model.Pieces.Length);
        int[] ranks = RanksOfScores(model);
        foreach ((string piece, int id) in pieces) AddSplits(piece, id, ranks[id], pieces.GetAlternateLookup<ReadOnlySpan<char>>());
    }

    public MergeTable Merges => _merges;

    /// <summary>Characters inside pieces that are not pieces themselves; symbols from the vocabulary's size on stand for them.</summary>
    public int UnlistedCount => _unlisted.Count;

    /// <summary>Encodes a stretch of normalized text, all of which may merge with its neighbours.</summary>
    public void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        int[] rented = ArrayPool<int>.Shared.Rent(text.Length);
        try
        {
            int count = 0;
            for (int at = 0; at < text.Length;)
            {
                Rune.DecodeFromUtf16(text[at..], out Rune rune, out int length);
                at += length;
                int symbol = _symbols.Get(rune);
                rented[count++] = symbol >= 0 ? symbol : ~rune.Value;
            }

            Dictionary<int, (int Left, int Right)>? seen = _hasUnused ? [] : null;
            Span<int> symbols = rented.AsSpan(0, count);
            count = BpeMerger.Merge(_merges, symbols, seen);
            foreach (int symbol in symbols[..count]) Write(symbol, seen, ids);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    private void Write(int symbol, Dictionary<int, (int Left, int Right)>? seen, List<int> ids)
    {
        int listed = _model.Pieces.Length;
        if (symbol < 0 || symbol >= listed)
        {
            SentencePieceFallback.Write(symbol < 0 ? new Rune(~symbol) : _unlisted[symbol - listed], _byteIds, _unknown, ids);
        }
        else if (seen is not null && _model.Kinds[symbol] == TokenKind.Unused && seen.TryGetValue(symbol, out (int Left, int Right) parts))
        {
            Write(parts.Left, seen, ids);
            Write(parts.Right, seen, ids);
        }
        else
        {
            ids.Add(symbol);
        }
    }

    private void AddSplits(string piece, int id, int rank, Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> pieces)
    {
        for (int cut = 1; cut < piece.Length; cut++)
        {
            if (char.IsLowSurrogate(piece[cut])) continue;
            int left = Symbol(piece.AsSpan(0, cut), pieces);
            if (left < 0) continue;
            int right = Symbol(piece.AsSpan(cut), pieces);
            if (right >= 0) _merges.Add(left, right, rank, id);
        }
    }

    private int Symbol(ReadOnlySpan<char> part, Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> pieces)
    {
        if (pieces.TryGetValue(part, out int id)) return id;
        if (Rune.DecodeFromUtf16(part, out Rune rune, out int length) != OperationStatus.Done || length != part.Length) return -1;
        int symbol = _symbols.Get(rune);
        if (symbol >= 0) return symbol;
        symbol = _model.Pieces.Length + _unlisted.Count;
        _unlisted.Add(rune);
        _symbols.Set(rune, symbol);
        return symbol;
    }

    private static int[] RanksOfScores(SentencePieceModel model)
    {
        int bad = Array.FindIndex(model.Scores, float.IsNaN);
        if (bad >= 0) throw new FileFormatException(model.Path, "the score is not a number", $"piece {bad}");
        float[] distinct = model.Scores.Distinct().ToArray();
        Array.Sort(distinct, (a, b) => b.CompareTo(a));
        Dictionary<float, int> rankOf = [];
        for (int rank = 0; rank < distinct.Length; rank++) rankOf[distinct[rank]] = rank;
        return Array.ConvertAll(model.Scores, score => rankOf[score]);
    }
}
