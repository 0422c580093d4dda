namespace Heed.Cli.Learning;

/// <summary>ChatML as a vocabulary and its tokenizer_config.json carry it.</summary>
internal static class ChatMlTemplate
{
    /// <summary>The special tokens.</summary>
    public static IReadOnlyList<string> Markers { get; } = ["<|im_start|>", "<|im_end|>"];

    /// <summary>The Jinja template.</summary>
    public const string Text =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
}
