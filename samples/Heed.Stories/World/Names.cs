namespace Heed.Stories.World;

/// <summary>First names, by the pronoun that goes with them. Few, so that a small model meets each often enough to learn to repeat it.</summary>
internal static class Names
{
    public static readonly IReadOnlyList<string> Female = (
        "Mila Lily Rosie Daisy Poppy Nora Clara Ruby Hazel Ivy Luna Bella " +
        "Molly Tilly Penny Annie Emma Maya Willow Pippa Frida Asha Rosa Nell").Split(' ');

    public static readonly IReadOnlyList<string> Male = (
        "Pip Tom Max Sam Ben Leo Finn Jack Oscar Felix Hugo Otto " +
        "Milo Theo Teddy Archie Harry Jasper Bruno Kai Omar Pablo Simon Wilbur").Split(' ');

    public static IReadOnlyList<string> For(Pronouns pronouns) => pronouns == Pronouns.Female ? Female : Male;
}
