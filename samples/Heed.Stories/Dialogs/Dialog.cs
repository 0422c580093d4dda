using Heed.Stories.Telling;
using Heed.Stories.Text;

namespace Heed.Stories.Dialogs;

/// <summary>A dialog, and what was wished in it, turn by turn (null where no story was asked for).</summary>
internal sealed record Dialog(IReadOnlyList<Message> Messages, IReadOnlyList<StoryWish?> Wishes)
{
    public int CountWords() => Messages.Sum(message => Prose.CountWords(message.Content));

    /// <summary>What was said, a line each, without who said it.</summary>
    public string ToText() => string.Join('\n', Messages.Select(message => message.Content));

    public string ToJson() =>
        JsonText.Object(("messages", "[" + string.Join(',', Messages.Select(message => JsonText.Object(("role", JsonText.Quote(message.Role)), ("content", JsonText.Quote(message.Content))))) + "]"));
}
