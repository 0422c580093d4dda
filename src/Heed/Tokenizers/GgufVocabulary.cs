namespace Heed.Tokenizers;

/// <summary>
/// The tokenizer's metadata of a GGUF file, as plain values: the keys <c>tokenizer.ggml.*</c> and <c>tokenizer.chat_template</c>.
/// A value that the file does not have is null or empty; what is then assumed is llama.cpp's choice.
/// </summary>
public sealed record GgufVocabulary
{
    /// <summary>The file, for messages of errors.</summary>
    public string Path { get; init; } = "GGUF";

    /// <summary><c>tokenizer.ggml.model</c>: "llama" (SentencePiece), "gpt2" (byte-level BPE) or "t5" (unigram).</summary>
    public required string Model { get; init; }

    /// <summary><c>tokenizer.ggml.pre</c>: the name of the word pattern, for "gpt2".</summary>
    public string? Pre { get; init; }

    /// <summary><c>tokenizer.ggml.tokens</c>: what each id looks like.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary><c>tokenizer.ggml.scores</c>, one for each token.</summary>
    public IReadOnlyList<float> Scores { get; init; } = [];

    /// <summary><c>tokenizer.ggml.token_type</c>, one for each token; the numbers are those of <see cref="TokenKind"/>.</summary>
    public IReadOnlyList<int> TokenTypes { get; init; } = [];

    /// <summary><c>tokenizer.ggml.merges</c>: two tokens and a space between them, in order of rank.</summary>
    public IReadOnlyList<string> Merges { get; init; } = [];

    /// <summary><c>tokenizer.ggml.bos_token_id</c>.</summary>
    public int? BosId { get; init; }

    /// <summary><c>tokenizer.ggml.eos_token_id</c>.</summary>
    public int? EosId { get; init; }

    /// <summary><c>tokenizer.ggml.unknown_token_id</c>.</summary>
    public int? UnknownId { get; init; }

    /// <summary><c>tokenizer.ggml.padding_token_id</c>.</summary>
    public int? PadId { get; init; }

    /// <summary>Ids that end a turn: <c>tokenizer.ggml.eot_token_id</c>, <c>eom_token_id</c> and the like.</summary>
    public IReadOnlyList<int> MoreStopIds { get; init; } = [];

    /// <summary><c>tokenizer.ggml.add_bos_token</c>.</summary>
    public bool? AddBos { get; init; }

    /// <summary><c>tokenizer.ggml.add_eos_token</c>.</summary>
    public bool? AddEos { get; init; }

    /// <summary><c>tokenizer.ggml.add_space_prefix</c>.</summary>
    public bool? AddSpacePrefix { get; init; }

    /// <summary><c>tokenizer.ggml.remove_extra_whitespaces</c>.</summary>
    public bool? RemoveExtraWhitespaces { get; init; }

    /// <summary><c>tokenizer.ggml.precompiled_charsmap</c>.</summary>
    public byte[] PrecompiledCharsMap { get; init; } = [];

    /// <summary><c>tokenizer.chat_template</c>.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>The spelling of an id that has no token.</summary>
    internal static string Padding(int id) => $"[PAD{id}]";
}
