using Microsoft.Extensions.AI;

namespace Heed.ConsoleChat;

/// <summary>Reads lines, answers them, and keeps the conversation. Any <see cref="IChatClient"/> would do.</summary>
internal sealed class ChatLoop(IChatClient client, ChatOptions options, TextReader input, TextWriter output)
{
    private readonly List<ChatMessage> _messages = [];

    public async Task RunAsync(CancellationToken cancellation)
    {
        int tools = options.Tools?.Count ?? 0;
        await output.WriteLineAsync(tools > 0 ? $"The model may call: {string.Join(", ", options.Tools!.Select(tool => tool.Name))}." : "The model knows no tools.");
        await output.WriteLineAsync("Say something; an empty line ends.");
        while (true)
        {
            await output.WriteAsync("> ");
            if (await input.ReadLineAsync(cancellation) is not { Length: > 0 } line) return;
            _messages.Add(new ChatMessage(ChatRole.User, line));
            await AnswerAsync(cancellation);
        }
    }

    private async Task AnswerAsync(CancellationToken cancellation)
    {
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(_messages, options, cancellation))
        {
            foreach (AIContent content in update.Contents)
                await output.WriteAsync(content switch
                {
                    TextContent text => text.Text,
                    FunctionCallContent call => $"[{call.Name}({string.Join(", ", call.Arguments?.Select(argument => $"{argument.Key}: {argument.Value}") ?? [])})",
                    FunctionResultContent result => $" = {result.Result}]\n",
                    _ => "",
                });
            updates.Add(update);
        }
        _messages.AddMessages(updates);
        ChatResponse response = updates.ToChatResponse();
        await output.WriteLineAsync();
        await output.WriteLineAsync($"({response.Usage?.InputTokenCount} tokens in, {response.Usage?.OutputTokenCount} out, {response.FinishReason})");
    }
}
