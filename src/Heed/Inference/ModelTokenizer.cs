using System.Globalization;
using Heed.Formats;
using Heed.Models.Checkpoints;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>Finds and loads the tokenizer that belongs to a checkpoint.</summary>
internal static class ModelTokenizer
{
    /// <summary>The tokenizer at <paramref name="path"/> if given, else the checkpoint's own.</summary>
    /// <exception cref="FileFormatException">There is none, it is damaged, or it is another model's.</exception>
    public static Tokenizer Load(Checkpoint checkpoint, string? path)
    {
        if (path is not null && !Path.Exists(path)) throw new FileNotFoundException($"{path}: the tokenizer's file does not exist.", path);
        Tokenizer tokenizer = path is not null ? Tokenizer.Load(path)
            : checkpoint.Gguf is { } gguf && gguf.Metadata.Contains("tokenizer.ggml.model") ? Tokenizer.FromGguf(Vocabulary(gguf))
            : Tokenizer.Load(Find(checkpoint));
        if (tokenizer.VocabSize > checkpoint.Config.VocabSize)
            throw new FileFormatException(path ?? checkpoint.Path,
                $"the tokenizer has {tokenizer.VocabSize} tokens and the model only {checkpoint.Config.VocabSize}; it is another model's.");
        return tokenizer;
    }

    private static string Find(Checkpoint checkpoint)
    {
        string size = checkpoint.Config.VocabSize.ToString(CultureInfo.InvariantCulture);
        return checkpoint.TokenizerPath
            ?? checkpoint.Beside("tokenizer.bin") ?? checkpoint.Beside($"tok{size}.bin") ?? checkpoint.Beside($"tok{size}.model")
            ?? throw new FileFormatException(checkpoint.Path,
                $"no tokenizer belongs to the model: looked beside it for tokenizer.json, tokenizer.model, tokenizer.bin, tok{size}.bin and tok{size}.model; name the tokenizer's file.");
    }

    private static GgufVocabulary Vocabulary(GgufFile file)
    {
        GgufMetadata metadata = file.Metadata;
        int? Id(string name) => metadata.TryGetInt($"tokenizer.ggml.{name}_token_id", out int id) ? id : null;
        bool? Flag(string name) => metadata.TryGetBool($"tokenizer.ggml.{name}", out bool flag) ? flag : null;
        return new GgufVocabulary
        {
            Path = file.Path,
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
            MoreStopIds = [.. new[] { Id("eot"), Id("eom") }.OfType<int>()],
            AddBos = Flag("add_bos_token"),
            AddEos = Flag("add_eos_token"),
            AddSpacePrefix = Flag("add_space_prefix"),
            RemoveExtraWhitespaces = Flag("remove_extra_whitespaces"),
            PrecompiledCharsMap = CharsMap(metadata),
            ChatTemplate = metadata.TryGetString("tokenizer.chat_template", out string? template) ? template : null,
        };
    }

    private static byte[] CharsMap(GgufMetadata metadata) =>
        metadata.TryGetInts("tokenizer.ggml.precompiled_charsmap", out int[]? values) ? [.. values.Select(value => unchecked((byte)value))] : [];
}
