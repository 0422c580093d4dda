using System.Text;
using Heed.Tokenizers;

namespace Heed.Training.Data;

/// <summary>
/// Turns documents into ids: BOS where the tokenizer adds one, the text, and EOS where there is one, so that a model learns
/// where a text ends. Nothing in the text becomes a special token.
/// </summary>
internal sealed class DocumentEncoder(Tokenizer tokenizer, IProgress<TokenizeProgress>? progress, long totalBytes)
{
    private readonly StringBuilder _held = new();
    private long _tokens, _documents;

    /// <summary>The text's length in UTF-8 bytes so far.</summary>
    public long TextBytes { get; private set; }

    public IEnumerable<EncodedPiece> Encode(IEnumerable<DocumentPiece> pieces)
    {
        bool starts = true;
        foreach (DocumentPiece piece in pieces)
        {
            // Where a tokenizer does not allow parts, the document has to be put together again.
            bool waits = !tokenizer.CutsAtSeams && !piece.EndsDocument;
            if (waits || _held.Length > 0) _held.Append(piece.Text);
            if (waits) continue;
            string text = _held.Length > 0 ? _held.ToString() : piece.Text;
            _held.Clear();
            EncodedPiece encoded = new(Encode(text, starts, piece.EndsDocument), starts);
            if (encoded.Ids.Length == 0)
            {
                starts |= piece.EndsDocument;
                continue;
            }

            if (starts) _documents++;
            _tokens += encoded.Ids.Length;
            TextBytes += Encoding.UTF8.GetByteCount(text);
            starts = piece.EndsDocument;
            progress?.Report(new TokenizeProgress(piece.BytesRead, totalBytes, _tokens, _documents));
            yield return encoded;
        }
    }

    /// <summary>The error for a source without any text.</summary>
    public static FileFormatException NoText(TextSource source) =>
        new(source.Files[0], source.Files.Count == 1 ? "the file holds no text." : $"neither this file nor the {source.Files.Count - 1} others hold any text.");

    private int[] Encode(string text, bool starts, bool ends)
    {
        int[] ids = tokenizer.Encode(text, addSpecial: false);
        bool addsBos = starts && tokenizer.AddsBos, addsEos = ends && tokenizer.EosId is not null;
        if (!addsBos && !addsEos) return ids;
        return [.. addsBos ? (int[])[tokenizer.BosId!.Value] : [], .. ids, .. addsEos ? (int[])[tokenizer.EosId!.Value] : []];
    }
}

/// <summary>The ids of a part of a document.</summary>
internal readonly record struct EncodedPiece(int[] Ids, bool StartsDocument);
