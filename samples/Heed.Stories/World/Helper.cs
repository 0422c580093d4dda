namespace Heed.Stories.World;

/// <summary>A wise one who knows what to do; called by what they are, never by a name.</summary>
internal sealed record Helper(string Adjective, string Noun, Pronouns Pronouns)
{
    public static readonly IReadOnlyList<Helper> All =
    [
        new("old", "owl", Pronouns.Female), new("wise", "owl", Pronouns.Male), new("old", "turtle", Pronouns.Male), new("slow", "tortoise", Pronouns.Female),
        new("wise", "heron", Pronouns.Male), new("old", "goat", Pronouns.Female), new("friendly", "postman", Pronouns.Male), new("kind", "teacher", Pronouns.Female),
        new("old", "gardener", Pronouns.Male), new("jolly", "baker", Pronouns.Female), new("old", "sailor", Pronouns.Male), new("gentle", "nurse", Pronouns.Female),
        new("wise", "grandmother", Pronouns.Female), new("cheerful", "grandfather", Pronouns.Male), new("old", "raven", Pronouns.Female), new("kind", "goose", Pronouns.Female),
        new("grey", "badger", Pronouns.Male), new("tall", "crane", Pronouns.Female), new("busy", "beaver", Pronouns.Male), new("clever", "magpie", Pronouns.Female),
        new("old", "shepherd", Pronouns.Male), new("quiet", "librarian", Pronouns.Female), new("strong", "farmer", Pronouns.Female), new("tiny", "wren", Pronouns.Male),
        new("old", "toad", Pronouns.Male), new("kind", "miller", Pronouns.Male), new("merry", "cook", Pronouns.Female), new("old", "watchmaker", Pronouns.Male),
    ];
}
