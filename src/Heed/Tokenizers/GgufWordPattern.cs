namespace Heed.Tokenizers;

/// <summary>What a GGUF file's <c>tokenizer.ggml.pre</c> means.</summary>
/// <param name="Patterns">The regular expressions that cut text into words, one after the other.</param>
/// <param name="IgnoresMerges">A word that is a token as a whole is that token.</param>
/// <param name="AddsBos">BOS is put before a text where the file does not say.</param>
internal sealed record GgufWordPattern(IReadOnlyList<string> Patterns, bool IgnoresMerges = false, bool AddsBos = false)
{
    private const string ThreeDigits = "[0-9][0-9][0-9]";
    private const string Gpt2WithoutLastSpace = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";

    // A name for each meaning, the best known one.
    private static readonly string[] s_names = ["gpt-2", "llama-bpe", "qwen2", "smollm", "tekken", "gpt-4o", "dbrx", "falcon", "deepseek-v3", "deepseek-coder", "default"];

    /// <summary>A name that means the given patterns, or null.</summary>
    public static string? NameOf(IReadOnlyList<string> patterns, bool ignoresMerges)
    {
        // The two differ in what they think of ſ alone.
        string[] wanted = [.. patterns.Select(pattern => pattern == WordScanner.Cl100kExpanded ? WordScanner.Llama3Pattern : pattern)];
        return Array.Find(s_names, name => For("", name) is { } meaning && meaning.IgnoresMerges == ignoresMerges && meaning.Patterns.SequenceEqual(wanted));
    }

    /// <summary>The meaning of a name; a file without one is of the time when llama.cpp had a single pattern, "default".</summary>
    /// <exception cref="FileFormatException">The name is not known.</exception>
    public static GgufWordPattern For(string path, string? name) => name switch
    {
        null or "" or "default" => new([@"[\p{P}\$\+<=>\^~\|]+", Gpt2WithoutLastSpace, @"\p{N}+", ThreeDigits]),
        "gpt-2" or "phi-2" or "mpt" or "olmo" or "jais" or "roberta-bpe" or "jina-es" or "jina-de" or "jina-v2-es"
            or "jina-v2-de" or "jina-v2-code" or "gigachat" or "modern-bert" or "exaone4" or "mellum" => new([WordScanner.Gpt2Pattern]),
        "llama3" or "llama-v3" or "llama-bpe" or "falcon3" or "falcon-h1" or "pixtral" or "lfm2" =>
            new([WordScanner.Llama3Pattern], IgnoresMerges: true, AddsBos: true),
        "dbrx" or "smaug-bpe" or "chatglm-bpe" or "glm4" => new([WordScanner.Llama3Pattern]),
        "qwen2" or "stablelm2" or "deepseek-r1-qwen" or "megrez" => new([WordScanner.Qwen2Pattern]),
        "tekken" => new([WordScanner.TekkenPattern], IgnoresMerges: true, AddsBos: true),
        "gpt-4o" or "llama4" => new([WordScanner.O200kPattern]),
        "smollm" or "starcoder" or "refact" or "command-r" or "codeshell" or "exaone" or "minerva-7b" =>
            new([@"\p{N}", WordScanner.Gpt2Pattern]),
        "falcon" => new([@"[\p{P}\$\+<=>\^~\|`]+", WordScanner.Gpt2Pattern, ThreeDigits]),
        "deepseek-v3" => new(
        [
            @"\p{N}{1,3}",
            "[一-龥\u3040-ゟ゠-ヿ]+",
            @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ]),
        "deepseek-coder" => new(["[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", "[一-龥ࠀ-一가-\uD7FF]+", @"\p{N}"]),
        _ => throw new FileFormatException(path, $"the word pattern '{name}' is not known", "tokenizer.ggml.pre"),
    };
}
