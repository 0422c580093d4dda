using System.Text;
using Heed.Inference;
using Heed.Models;
using Heed.Tokenizers;

namespace Heed.Cli.Learning;

/// <summary>Lets the model that is being trained write a text, always from the same prompt and seed.</summary>
internal sealed class SampleWriter
{
    private readonly Transformer _model;
    private readonly Tokenizer _tokenizer;
    private readonly string? _prompt;
    private readonly ChatFormat? _chat;
    private readonly GenerationOptions _options;

    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="prompt">What the text begins with, or what is said to the model, or what its encoder reads; null for what its tokenizer begins texts with, or a line end.</param>
    /// <param name="tokens">The most tokens.</param>
    /// <param name="chat">The format in which the prompt is a question; null where it is written on.</param>
    public SampleWriter(Transformer model, Tokenizer tokenizer, string? prompt, int tokens, ChatFormat? chat)
    {
        _model = model;
        _tokenizer = tokenizer;
        _prompt = prompt;
        _chat = chat;
        _options = new GenerationOptions { MaxTokens = tokens, Seed = 1 };
    }

    public string Write()
    {
        using LanguageModel model = new(_model, _tokenizer);
        StringBuilder text = new(_chat is not null ? "" : _model.Encoder is null ? _prompt : $"{_prompt} → ");
        ReadOnlyMemory<int> prompt = Prompt();
        WriteAsync().GetAwaiter().GetResult();
        return text.ToString().Trim();

        async Task WriteAsync()
        {
            await foreach (CompletionPiece piece in model.CompleteAsync(prompt, _options)) text.Append(piece.Text);
        }
    }

    private int[] Prompt()
    {
        if (_model.Encoder is not null) return _tokenizer.Encode(_prompt ?? "", addSpecial: false, parseSpecial: true);
        if (_chat is not null) return _chat.Render([new ChatMessage(ChatRole.User, _prompt ?? "Hello")], _tokenizer);
        int[] ids = _tokenizer.Encode(_prompt ?? "");
        if (ids.Length > 0) return ids;
        int? first = _tokenizer.BosId ?? _tokenizer.EosId;
        int[] lineEnd = _tokenizer.Encode("\n");
        return lineEnd.Length > 0 && !_tokenizer.AddsBos ? lineEnd : [first ?? 0];
    }
}
