using System.Text;

namespace Heed.Tokenizers;

/// <summary>
/// SentencePiece's unigram model (Kudo 2018, arXiv 1804.10959): the cut of highest total log-probability, by Viterbi's algorithm,
/// with the original's mixture of precisions so that ties fall the same way.
/// </summary>
internal sealed class UnigramModel
{
    private const float UnknownPenalty = 10f;
    private readonly SentencePieceModel _model;
    private readonly PrefixTrie _pieces = new();
    private readonly int[] _byteIds;
    private readonly float _unknownScore;
    private readonly float _maxScore;

    public UnigramModel(SentencePieceModel model)
    {
        _model = model;
        _byteIds = model.ByteFallback ? model.ByteIds() : [];
        (float min, float max) = (float.MaxValue, float.MinValue);
        for (int id = 0; id < model.Pieces.Length; id++)
        {
            if (!float.IsFinite(model.Scores[id])) throw new FileFormatException(model.Path, "the score is not finite", $"piece {id}");
            if (model.Kinds[id] == TokenKind.Normal) (min, max) = (Math.Min(min, model.Scores[id]), Math.Max(max, model.Scores[id]));
            if (model.IsText(id) && model.Kinds[id] != TokenKind.Unused) _pieces.Add(model.Pieces[id], id);
        }

        if (min > max) (min, max) = (0, 0);
        (_unknownScore, _maxScore) = (min - UnknownPenalty, max);
    }

    /// <summary>Encodes normalized text.</summary>
    public void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        if (text.Length == 0) return;
        Node[] best = new Node[text.Length + 1];
        Array.Fill(best, new Node(-1, -1, 0f));
        for (int start = 0; start < text.Length;)
        {
            Rune.DecodeFromUtf16(text[start..], out _, out int single);
            Extend(text, start, single, best);
            start += single;
        }

        List<(int Id, int Start, int End)> path = [];
        for (int end = text.Length; end > 0; end = best[end].Start) path.Add((best[end].Id, best[end].Start, end));
        path.Reverse();
        foreach ((int id, int start, int end) in path)
        {
            if (id >= 0)
            {
                ids.Add(id);
                continue;
            }

            foreach (Rune rune in text[start..end].EnumerateRunes()) SentencePieceFallback.Write(rune, _byteIds, _model.UnknownId ?? -1, ids);
        }
    }

    private void Extend(ReadOnlySpan<char> text, int start, int single, Node[] best)
    {
        float before = best[start].Score;
        bool hasSingle = false;
        int node = PrefixTrie.Root;
        for (int end = start; end < text.Length;)
        {
            node = _pieces.Step(node, text[end++]);
            if (node < 0) break;
            int id = _pieces.Value(node);
            if (id < 0) continue;
            double score = _model.Kinds[id] == TokenKind.UserDefined
                ? (Encoding.UTF8.GetByteCount(text[start..end]) * _maxScore) - 0.1
                : _model.Scores[id];
            Offer(best, start, end, id, before + score);
            hasSingle |= end - start == single;
        }

        if (!hasSingle) Offer(best, start, start + single, -1, before + _unknownScore);
    }

    // The original compares in double and keeps single precision.
    private static void Offer(Node[] best, int start, int end, int id, double score)
    {
        if (best[end].Start < 0 || score > best[end].Score) best[end] = new Node(id, start, (float)score);
    }

    private readonly record struct Node(int Id, int Start, float Score);
}
