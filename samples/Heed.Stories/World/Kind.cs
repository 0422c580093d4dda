namespace Heed.Stories.World;

/// <summary>What a character is: a fox, a girl, a robot. Most kinds may be he or she.</summary>
internal sealed record Kind(string Noun, Pronouns? Only = null);
