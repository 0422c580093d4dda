namespace Heed.Stories.World;

/// <summary>First names, by the pronoun that goes with them.</summary>
internal static class Names
{
    public static readonly IReadOnlyList<string> Female = (
        "Mila Lily Rosie Daisy Poppy Ella Nora Clara Ruby Hazel Ivy Luna Stella Bella Molly Tilly Millie Penny Dotty Betty Kitty Maggie Annie Emma Zoe " +
        "Lucy Anna Sophie Grace Maya Nina Olive Pearl Flora Fern Willow Wren Juno Iris Violet Tulip Clover Honey Ginger Coco Pippa Hattie Greta Heidi Ida " +
        "Elsie Edith Mabel Martha Frida Freya Astrid Lena Lotta Tessa Tina Gina Dora Cora Lola Lulu Mimi Fifi Kiki Suki Yuki Amara Asha Priya Leila Samira " +
        "Zara Nadia Carmen Rosa Lucia Elena Paloma Marta Katya Olga Wanda Winnie Minnie Fiona Bridget Maeve Nell Bess Sally Susie Jenny Polly Peggy Sunny Star").Split(' ');

    public static readonly IReadOnlyList<string> Male = (
        "Pip Tom Max Sam Ben Leo Finn Jack Oscar Felix Hugo Otto Milo Theo Toby Teddy Barney Benny Bobby Charlie Archie Alfie Freddie Georgie Harry Henry " +
        "Jasper Rufus Rusty Rory Robin Rowan Basil Bramble Biscuit Bruno Boris Buster Casper Chester Clyde Cosmo Dexter Digby Dusty Duncan Edgar Elmo Ernie " +
        "Fergus Frank Gus Gilbert Hamish Hector Horace Igor Ivan Jonah Joe Kai Karl Kip Lars Louis Luca Ludo Magnus Marvin Monty Morris Ned Nico Noah Nils " +
        "Omar Oliver Olaf Otis Patch Percy Pedro Pablo Peter Quentin Ravi Ricky Rocky Sandy Scout Simon Smudge Spike Stanley Tariq Timmy Tobias Tucker Victor Wally Walter Wilbur Ziggy").Split(' ');

    public static IReadOnlyList<string> For(Pronouns pronouns) => pronouns == Pronouns.Female ? Female : Male;
}
