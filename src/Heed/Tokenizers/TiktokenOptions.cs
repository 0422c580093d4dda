namespace Heed.Tokenizers;

/// <summary>What a file of tiktoken ranks does not say itself.</summary>
public sealed record TiktokenOptions
{
    /// <summary>The regular expression that cuts text into words.</summary>
    public required string Pattern { get; init; }

    /// <summary>The special tokens and their ids.</summary>
    public IReadOnlyDictionary<string, int> SpecialTokens { get; init; } = new Dictionary<string, int>();

    /// <summary>The special token that begins a sequence, or null.</summary>
    public string? Bos { get; init; }

    /// <summary>The special token that ends a sequence, or null.</summary>
    public string? Eos { get; init; }

    /// <summary>The special token that fills up a batch, or null.</summary>
    public string? Pad { get; init; }

    /// <summary>Whether <see cref="Bos"/> is put before a text.</summary>
    public bool AddBos { get; init; }

    /// <summary>GPT-2: 50256 ranks and one special token.</summary>
    public static TiktokenOptions Gpt2 { get; } = new()
    {
        Pattern = WordScanner.Gpt2Pattern,
        SpecialTokens = new Dictionary<string, int> { ["<|endoftext|>"] = 50256 },
        Bos = "<|endoftext|>",
        Eos = "<|endoftext|>",
    };

    /// <summary>cl100k: 100256 ranks.</summary>
    public static TiktokenOptions Cl100k { get; } = new()
    {
        Pattern = WordScanner.Llama3Pattern,
        SpecialTokens = new Dictionary<string, int>
        {
            ["<|endoftext|>"] = 100257,
            ["<|fim_prefix|>"] = 100258,
            ["<|fim_middle|>"] = 100259,
            ["<|fim_suffix|>"] = 100260,
            ["<|endofprompt|>"] = 100276,
        },
        Eos = "<|endoftext|>",
    };

    /// <summary>o200k: 199998 ranks.</summary>
    public static TiktokenOptions O200k { get; } = new()
    {
        Pattern = WordScanner.O200kPattern,
        SpecialTokens = new Dictionary<string, int> { ["<|endoftext|>"] = 199999, ["<|endofprompt|>"] = 200018 },
        Eos = "<|endoftext|>",
    };

    /// <summary>Qwen: 151643 ranks.</summary>
    public static TiktokenOptions Qwen { get; } = new()
    {
        Pattern = WordScanner.Qwen2Pattern,
        SpecialTokens = new Dictionary<string, int> { ["<|endoftext|>"] = 151643, ["<|im_start|>"] = 151644, ["<|im_end|>"] = 151645 },
        Eos = "<|endoftext|>",
        Pad = "<|endoftext|>",
    };

    /// <summary>Llama 3: 128000 ranks and 256 special tokens, under the names they have since Llama 3.1.</summary>
    public static TiktokenOptions Llama3 { get; } = new()
    {
        Pattern = WordScanner.Llama3Pattern,
        SpecialTokens = Llama3Special(128000),
        Bos = "<|begin_of_text|>",
        Eos = "<|end_of_text|>",
        Pad = "<|finetune_right_pad_id|>",
        AddBos = true,
    };

    /// <summary>The vocabulary that has so many ranks; another number gives Llama 3's pattern and no special tokens.</summary>
    public static TiktokenOptions ForRanks(int count) => count switch
    {
        50256 => Gpt2,
        100256 => Cl100k,
        128000 => Llama3,
        151643 => Qwen,
        199998 => O200k,
        _ => new TiktokenOptions { Pattern = WordScanner.Llama3Pattern },
    };

    private static Dictionary<string, int> Llama3Special(int first)
    {
        List<string> names =
        [
            "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
            "<|finetune_right_pad_id|>", "<|reserved_special_token_2|>", "<|start_header_id|>", "<|end_header_id|>",
            "<|eom_id|>", "<|eot_id|>", "<|python_tag|>",
        ];
        for (int i = 3; names.Count < 256; i++) names.Add($"<|reserved_special_token_{i}|>");
        return names.Select((name, i) => (name, id: first + i)).ToDictionary(pair => pair.name, pair => pair.id);
    }
}
