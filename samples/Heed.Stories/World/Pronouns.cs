namespace Heed.Stories.World;

/// <summary>The words that stand for a character.</summary>
internal sealed record Pronouns(string He, string Him, string His, string Himself)
{
    public static readonly Pronouns Male = new("he", "him", "his", "himself");
    public static readonly Pronouns Female = new("she", "her", "her", "herself");
}
