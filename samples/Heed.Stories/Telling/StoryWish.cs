using Heed.Stories.World;

namespace Heed.Stories.Telling;

/// <summary>What a story shall have; what is null is free.</summary>
internal sealed record StoryWish
{
    public Kind? Hero { get; init; }

    public string? Name { get; init; }

    public Pronouns? Pronouns { get; init; }

    public string? Trait { get; init; }

    public Kind? Friend { get; init; }

    public Thing? Thing { get; init; }

    public Place? Place { get; init; }

    public Theme? Theme { get; init; }

    /// <summary>How many of 100 optional sentences are told.</summary>
    public int? Fullness { get; init; }

    public int LeastWords { get; init; } = 60;

    public int MostWords { get; init; } = 180;
}
