namespace Heed.Stories.World;

/// <summary>Who can be in a story.</summary>
internal static class Kinds
{
    public static readonly IReadOnlyList<Kind> Animals = [.. (
        "fox rabbit bear mouse cat dog puppy kitten hedgehog squirrel badger otter beaver mole deer owl duck frog turtle " +
        "lamb pony horse pig goat cow hen robin sparrow penguin seal whale dolphin crab elephant lion tiger monkey giraffe zebra " +
        "koala kangaroo panda camel hippo raccoon wolf goose swan parrot snail bee butterfly ladybug ant bat hamster chipmunk donkey").Split(' ').Select(noun => new Kind(noun))];

    public static readonly IReadOnlyList<Kind> People =
    [
        new("girl", Pronouns.Female), new("boy", Pronouns.Male), new("princess", Pronouns.Female), new("prince", Pronouns.Male),
        new("pirate"), new("knight"), new("baker"), new("fisherman", Pronouns.Male), new("gardener"), new("sailor"), new("shepherd"), new("painter"),
        new("king", Pronouns.Male), new("queen", Pronouns.Female), new("wizard", Pronouns.Male), new("witch", Pronouns.Female),
    ];

    public static readonly IReadOnlyList<Kind> Wonders =
    [
        new("dragon"), new("robot"), new("unicorn"), new("giant"), new("fairy", Pronouns.Female), new("elf"), new("dinosaur"), new("snowman", Pronouns.Male),
        new("troll"), new("gnome"), new("mermaid", Pronouns.Female), new("monster"),
    ];

    public static readonly IReadOnlyList<Kind> All = [.. Animals, .. People, .. Wonders];

    public static readonly IReadOnlyList<string> Traits = (
        "little brave shy curious cheerful clever gentle sleepy kind lively quiet playful friendly young small dreamy careful merry stubborn silly " +
        "eager honest hopeful polite funny busy thoughtful tidy adventurous energetic happy good-natured").Split(' ');
}
