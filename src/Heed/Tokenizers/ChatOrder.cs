namespace Heed.Tokenizers;

/// <summary>Who may speak after whom.</summary>
internal static class ChatOrder
{
    /// <summary>
    /// An optional system message, then turns: a user's message, any number of calls with a result for each, and an answer, which
    /// only the last turn may still lack.
    /// </summary>
    /// <param name="messages">The messages.</param>
    /// <param name="asks">Whether the model is to answer now; otherwise it has answered.</param>
    /// <param name="operation">What errors call the operation.</param>
    /// <exception cref="ArgumentException">The order is another one, or a result belongs to no call.</exception>
    public static void Check(IReadOnlyList<ChatMessage> messages, bool asks, string operation)
    {
        int first = messages.Count > 0 && messages[0].Role == ChatRole.System ? 1 : 0;
        if (messages.Count == first)
            throw new ArgumentException($"{operation}: got {(first == 0 ? "no messages" : "a system message only")}; need at least one user message.", nameof(messages));
        ChatRole expected = ChatRole.User;
        HashSet<string> open = new(StringComparer.Ordinal);
        for (int i = first; i < messages.Count; i++)
        {
            ChatMessage message = messages[i];
            if (open.Count > 0) expected = ChatRole.Tool;
            if (message.Role != expected)
            {
                throw new ArgumentException(expected == ChatRole.Tool
                    ? $"{operation}: message {i} is from {message.Role}, expected {ChatRole.Tool}: the call '{open.First()}' has no result yet."
                    : $"{operation}: message {i} is from {message.Role}, expected {expected}; after an optional system message, user and assistant take turns.", nameof(messages));
            }

            CheckTools(message, i, open, operation);
            expected = message.Role == ChatRole.Assistant ? ChatRole.User : ChatRole.Assistant;
        }

        ChatRole last = messages[^1].Role;
        if (asks ? last == ChatRole.Assistant : last != ChatRole.Assistant)
            throw new ArgumentException($"{operation}: the last message is from {last}; need one from {(asks ? ChatRole.User : ChatRole.Assistant)}.", nameof(messages));
        if (open.Count > 0) throw new ArgumentException($"{operation}: the call '{open.First()}' has no result yet.", nameof(messages));
    }

    /// <summary>Keeps the calls that are to be answered.</summary>
    private static void CheckTools(ChatMessage message, int index, HashSet<string> open, string operation)
    {
        if (message.Role != ChatRole.Assistant && message.ToolCalls.Count > 0)
            throw new ArgumentException($"{operation}: message {index} is from {message.Role} and calls a tool, which only {ChatRole.Assistant} does.", nameof(message));
        foreach (ToolCall call in message.ToolCalls)
            if (!open.Add(call.Id)) throw new ArgumentException($"{operation}: message {index} has two calls with the id '{call.Id}'.", nameof(message));
        if (message.Role == ChatRole.Tool && (message.ToolCallId is not { } id || !open.Remove(id)))
            throw new ArgumentException($"{operation}: message {index} is the result of the call '{message.ToolCallId ?? "null"}', which was not made before it or is answered already.", nameof(message));
    }
}
