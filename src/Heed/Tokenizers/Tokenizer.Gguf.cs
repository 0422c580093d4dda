namespace Heed.Tokenizers;

public abstract partial class Tokenizer
{
    // What tokenizers differ in: runs of spaces, digits, letters beyond ASCII, contractions, line ends, marks.
    private static readonly string[] s_probes =
    [
        "Hello, world! It's 2024; don't we'll THEY'RE", "  two spaces   three\n\n\tA tab and 1234567 digits.", "Größe naïve ŒUVRE Привет мир 你好世界 こんにちは 안녕 नमस्ते",
        "🙂👩‍🚀 e\u0301 ½ ² ﬁ", "for (int i = 0; i < n; i++) { x[i] += 0.5; } // ok", " leading", "trailing ", "\n", "",
    ];

    /// <summary>The tokenizer as the metadata of a GGUF file; what is made of them by <see cref="FromGguf"/> encodes alike.</summary>
    /// <exception cref="NotSupportedException">The tokenizer does something that GGUF's kinds of vocabularies do not.</exception>
    public GgufVocabulary ToGguf()
    {
        GgufVocabulary vocabulary = GgufVocabularyMaker.Make(this);
        Tokenizer made = FromGguf(vocabulary);
        foreach (string probe in s_probes.Concat(WholeWords()))
            if (!made.Encode(probe).AsSpan().SequenceEqual(Encode(probe)))
                throw new NotSupportedException($"ToGguf: this tokenizer cannot become a GGUF vocabulary: it would encode '{probe.Trim()}' in another way.");
        return vocabulary;
    }

    private IEnumerable<string> WholeWords() => this is ByteLevelBpeTokenizer { Bpe.TakesWholeWords: true } ? ByteBpe.WholeWords(Tokens).Keys : [];

    /// <summary>Writes the vocabulary as llama2.c's tokenizer.bin.</summary>
    /// <param name="path">The file to write.</param>
    /// <exception cref="NotSupportedException">It is no SentencePiece vocabulary with the ids that llama2.c fixes.</exception>
    public void SaveLlama2c(string path) => File.WriteAllBytes(path, Llama2cVocabularyFile.Write(ToGguf()));
}
