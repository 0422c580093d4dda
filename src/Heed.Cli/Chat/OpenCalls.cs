using Heed.Inference;
using Heed.Tokenizers;

namespace Heed.Cli.Chat;

/// <summary>The calls of tools that wait for a result, which a person types, a line for each.</summary>
internal sealed class OpenCalls(Conversation conversation, Terminal terminal)
{
    private readonly List<ChatMessage> _results = [];

    /// <summary>Whether what is typed next is the result of a call.</summary>
    public bool Any => Calls.Count > 0;

    private IReadOnlyList<ToolCall> Calls => conversation.Messages is [.., { Role: ChatRole.Assistant } last] ? last.ToolCalls : [];

    /// <summary>Asks for the next result.</summary>
    public void Ask()
    {
        if (Any) terminal.Note($"the result of {Calls[_results.Count].Name}, on one line:");
    }

    /// <summary>Takes the result of the next call.</summary>
    /// <returns>The results of all calls; null while one lacks.</returns>
    public IReadOnlyList<ChatMessage>? Take(string line)
    {
        _results.Add(ChatMessage.OfTool(Calls[_results.Count], line));
        if (_results.Count < Calls.Count) return null;
        ChatMessage[] all = [.. _results];
        Clear();
        return all;
    }

    /// <summary>Forgets the results so far.</summary>
    public void Clear() => _results.Clear();
}
