using System.Runtime.InteropServices;

namespace Heed.Tokenizers;

/// <summary>
/// Byte-level byte-pair encoding (Radford et al. 2019): text is cut into words by a pattern, and each word's bytes are merged.
/// Reads tiktoken's ranks (GPT-2, Llama 3 and others) and GGUF's "gpt2" vocabularies. Tokens are spelled in GPT-2's byte alphabet.
/// </summary>
public sealed class ByteLevelBpeTokenizer : Tokenizer
{
    private readonly WordSplitter _splitter;
    private readonly ByteBpe _bpe;

    internal ByteLevelBpeTokenizer(TokenizerParts parts, WordSplitter splitter, ByteBpe bpe)
        : base(parts)
    {
        (_splitter, _bpe) = (splitter, bpe);
    }

    internal override bool CutsAtSeams => _splitter is WordScanner && AddedStayBetweenSpaces(Parts.Added);

    internal WordSplitter Splitter => _splitter;

    internal ByteBpe Bpe => _bpe;

    /// <summary>Reads a file of tiktoken ranks: a line for each token, its bytes in base 64 and its rank.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">The pattern and the special tokens; null finds out by the number of ranks which vocabulary it is.</param>
    /// <exception cref="FileFormatException">The file is not a list of ranks.</exception>
    public static ByteLevelBpeTokenizer LoadTiktoken(string path, TiktokenOptions? options = null) =>
        TiktokenFile.Read(path, File.ReadAllBytes(path), options);

    /// <inheritdoc/>
    public override void SaveJson(string path) => TokenizerJsonWriter.Write(path, this);

    /// <summary>The table of the vocabulary: what each id decodes to is read off its spelling.</summary>
    internal static TokenTable MakeTable(string[] texts, TokenKind[] kinds, Dictionary<string, int> ids) =>
        new(texts, kinds, ids, id => (kinds[id] == TokenKind.Normal ? ByteAlphabet.Read(texts[id]) : null)
            ?? System.Text.Encoding.UTF8.GetBytes(texts[id]));

    /// <summary>For each byte the id of its token, or -1.</summary>
    internal static int[] ByteIds(Dictionary<string, int> ids)
    {
        int[] byteIds = new int[256];
        for (int value = 0; value < 256; value++)
            byteIds[value] = ids.TryGetValue(ByteAlphabet.Letter((byte)value).ToString(), out int id) ? id : -1;
        return byteIds;
    }

    private protected override void EncodeText(ReadOnlySpan<char> text, bool atStart, bool parseSpecial, List<int> ids)
    {
        List<int> ends = new(8 + (text.Length / 4));
        _splitter.Split(text, ends);
        int from = 0;
        foreach (int end in CollectionsMarshal.AsSpan(ends))
        {
            _bpe.Encode(text[from..end], ids);
            from = end;
        }
    }
}
