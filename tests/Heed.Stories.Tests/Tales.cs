using Heed.Stories.Telling;
using Heed.Stories.Text;

namespace Heed.Stories.Tests;

/// <summary>Stories that all tests read.</summary>
public sealed class Tales
{
    internal IReadOnlyList<Story> All { get; } = [.. Enumerable.Range(0, 2000).Select(i => Storyteller.Tell(SplitMix.ForItem(11, (ulong)i), new StoryWish()))];
}
