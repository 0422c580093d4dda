using Heed.Tokenizers;

namespace Heed.Inference.Chat;

/// <summary>A chat by its turns: each a question with all that belongs to it up to the next one.</summary>
internal static class ChatTurns
{
    /// <summary>The prompt with as many of the latest turns as fit, but at least the last one; the system message stays.</summary>
    /// <param name="messages">The chat, which as a whole does not fit.</param>
    /// <param name="render">Makes a prompt of messages.</param>
    /// <param name="most">The most tokens of the prompt.</param>
    /// <returns>The prompt, and how many turns it lacks.</returns>
    public static (ChatPrompt Prompt, int Dropped) Fit(IReadOnlyList<ChatMessage> messages, Func<IReadOnlyList<ChatMessage>, ChatPrompt> render, int most)
    {
        int[] starts = [.. Enumerable.Range(0, messages.Count).Where(i => messages[i].Role == ChatRole.User)];
        ChatPrompt Without(int dropped) => render([.. messages.Take(messages[0].Role == ChatRole.System ? 1 : 0), .. messages.Skip(starts[dropped])]);
        // The fewest turns that must go: more turns make no shorter prompts.
        int low = 1, high = starts.Length - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Without(middle).Ids.Length <= most) high = middle;
            else low = middle + 1;
        }

        return (Without(high), high);
    }
}
