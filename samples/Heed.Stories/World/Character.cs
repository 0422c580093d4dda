namespace Heed.Stories.World;

/// <summary>Somebody of a story.</summary>
internal sealed record Character(string Name, Kind Kind, string Trait, Pronouns Pronouns);
