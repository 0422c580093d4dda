using Heed.Formats;
using Heed.Tokenizers;

namespace Heed.Tests.Tokenizers;

/// <summary>Hands the tokenizer of a GGUF file over as the plain values that the tokenizers take.</summary>
internal static class GgufVocabularies
{
    public static GgufVocabulary Read(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        GgufMetadata metadata = file.Metadata;
        int? Id(string name) => metadata.TryGetInt($"tokenizer.ggml.{name}_token_id", out int id) ? id : null;
        return new GgufVocabulary
        {
            Path = path,
            Model = metadata.GetString("tokenizer.ggml.model"),
            Pre = metadata.TryGetString("tokenizer.ggml.pre", out string? pre) ? pre : null,
            Tokens = metadata.GetStrings("tokenizer.ggml.tokens"),
            Scores = metadata.TryGetFloats("tokenizer.ggml.scores", out float[]? scores) ? scores : [],
            TokenTypes = metadata.TryGetInts("tokenizer.ggml.token_type", out int[]? types) ? types : [],
            Merges = metadata.TryGetStrings("tokenizer.ggml.merges", out string[]? merges) ? merges : [],
            BosId = Id("bos"),
            EosId = Id("eos"),
            UnknownId = Id("unknown"),
            PadId = Id("padding"),
            AddBos = metadata.TryGetBool("tokenizer.ggml.add_bos_token", out bool addBos) ? addBos : null,
        };
    }
}
