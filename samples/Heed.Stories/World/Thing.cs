namespace Heed.Stories.World;

/// <summary>An object: its noun, what it may look like, and what one does ("fly it") and did ("flew it") with it.</summary>
internal sealed record Thing(string Noun, IReadOnlyList<string> Adjectives, string Use, string Used, ThingUse Uses)
{
    public bool Serves(ThingUse use) => use == ThingUse.Any || Uses.HasFlag(use);
}
