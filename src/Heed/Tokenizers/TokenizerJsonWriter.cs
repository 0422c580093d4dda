namespace Heed.Tokenizers;

internal static class TokenizerJsonWriter
{
    public static void Write(string path, SentencePieceTokenizer tokenizer) => throw new NotSupportedException();

    public static void Write(string path, ByteLevelBpeTokenizer tokenizer) => throw new NotSupportedException();
}
