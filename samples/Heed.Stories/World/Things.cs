using static Heed.Stories.World.ThingUse;

namespace Heed.Stories.World;

/// <summary>The objects of the stories.</summary>
internal static class Things
{
    private static readonly string[] Colours = "red blue green yellow orange purple pink white striped spotted".Split(' ');
    private static readonly string[] Metals = "golden silver shiny tiny bright old".Split(' ');
    private static readonly string[] Woods = "wooden painted brown red blue old".Split(' ');
    private static readonly string[] Tastes = "big sweet fresh golden sticky juicy warm".Split(' ');

    public static readonly IReadOnlyList<Thing> All =
    [
        new("kite", Colours, "fly it", "flew it", Treasure | Light | Breakable),
        new("balloon", Colours, "hold it by its string", "held it by its string", Treasure | Light),
        new("ball", Colours, "bounce it", "bounced it", Treasure),
        new("scarf", Colours, "wear it", "wore it", Treasure | Light),
        new("hat", Colours, "wear it", "wore it", Treasure | Light),
        new("feather", Colours, "carry it", "carried it", Treasure | Light),
        new("ribbon", Colours, "wear it", "wore it", Treasure | Light),
        new("handkerchief", Colours, "wave it", "waved it", Treasure | Light),
        new("pinwheel", Colours, "watch it spin", "watched it spin", Treasure | Light | Breakable),
        new("flag", Colours, "wave it", "waved it", Treasure | Light),
        new("umbrella", Colours, "twirl it", "twirled it", Treasure | Light | Breakable),
        new("blanket", Colours, "sleep under it", "slept under it", Treasure),
        new("mitten", Colours, "wear it", "wore it", Treasure),
        new("cup", Colours, "drink from it", "drank from it", Treasure | Breakable),
        new("bowl", Colours, "eat from it", "ate from it", Treasure | Breakable),
        new("vase", Colours, "put flowers in it", "put flowers in it", Treasure | Breakable),
        new("teapot", Colours, "pour tea from it", "poured tea from it", Treasure | Breakable),
        new("drum", Woods, "play it", "played it", Treasure | Breakable),
        new("flute", Woods, "play it", "played it", Treasure | Breakable),
        new("violin", Woods, "play it", "played it", Treasure | Breakable),
        new("guitar", Woods, "play it", "played it", Treasure | Breakable),
        new("boat", Woods, "sail it", "sailed it", Treasure | Breakable),
        new("train", Woods, "push it along", "pushed it along", Treasure | Breakable),
        new("top", Woods, "spin it", "spun it", Treasure),
        new("doll", Woods, "play with it", "played with it", Treasure | Breakable),
        new("puppet", Woods, "play with it", "played with it", Treasure | Breakable),
        new("wagon", Woods, "pull it along", "pulled it along", Treasure | Breakable),
        new("sled", Woods, "ride on it", "rode on it", Treasure | Breakable),
        new("bicycle", Colours, "ride it", "rode it", Treasure | Breakable),
        new("rocket", Colours, "play with it", "played with it", Treasure | Breakable),
        new("box", Woods, "look inside it", "looked inside it", Treasure),
        new("spoon", Woods, "stir soup with it", "stirred soup with it", Treasure),
        new("key", Metals, "look at it", "looked at it", Treasure),
        new("bell", Metals, "ring it", "rang it", Treasure),
        new("lantern", Metals, "light it", "lit it", Treasure | Breakable),
        new("lamp", Metals, "light it", "lit it", Treasure | Breakable),
        new("clock", Metals, "listen to it tick", "listened to it tick", Treasure | Breakable),
        new("coin", Metals, "polish it", "polished it", Treasure),
        new("ring", Metals, "wear it", "wore it", Treasure),
        new("crown", Metals, "wear it", "wore it", Treasure | Breakable),
        new("whistle", Metals, "blow it", "blew it", Treasure),
        new("trumpet", Metals, "play it", "played it", Treasure | Breakable),
        new("compass", Metals, "look at it", "looked at it", Treasure),
        new("telescope", Metals, "look through it", "looked through it", Treasure | Breakable),
        new("mirror", Metals, "look into it", "looked into it", Treasure | Breakable),
        new("button", Metals, "polish it", "polished it", Treasure),
        new("necklace", Metals, "wear it", "wore it", Treasure | Breakable),
        new("marble", Colours, "roll it about", "rolled it about", Treasure),
        new("shell", Colours, "listen to it", "listened to it", Treasure),
        new("stone", Colours, "hold it", "held it", Treasure),
        new("book", Colours, "read it", "read it", Treasure),
        new("map", ["old", "secret", "folded", "yellow", "hand-drawn"], "study it", "studied it", Treasure | Light),
        new("letter", ["secret", "folded", "white", "long", "beautiful"], "read it", "read it", Treasure | Light),
        new("picture", ["little", "lovely", "colourful", "beautiful", "funny"], "look at it", "looked at it", Treasure | Light),
        new("basket", ["big", "round", "brown", "little", "old"], "carry it", "carried it", Treasure),
        new("backpack", Colours, "carry it", "carried it", Treasure),
        new("pillow", Colours, "hug it", "hugged it", Treasure),
        new("paintbrush", Woods, "paint with it", "painted with it", Treasure),
        new("magic wand", ["old", "little", "shiny", "crooked", "silver"], "wave it", "waved it", Treasure),
        new("cake", Tastes, "taste it", "tasted it", Food), new("pie", Tastes, "taste it", "tasted it", Food),
        new("apple", Tastes, "bite into it", "bit into it", Food), new("pear", Tastes, "bite into it", "bit into it", Food),
        new("cookie", Tastes, "nibble it", "nibbled it", Food), new("bun", Tastes, "nibble it", "nibbled it", Food),
        new("pancake", Tastes, "taste it", "tasted it", Food), new("muffin", Tastes, "nibble it", "nibbled it", Food),
        new("loaf of bread", Tastes, "taste it", "tasted it", Food), new("melon", Tastes, "taste it", "tasted it", Food),
        new("carrot", Tastes, "crunch it", "crunched it", Food), new("pumpkin pie", Tastes, "taste it", "tasted it", Food),
        new("sandwich", Tastes, "taste it", "tasted it", Food), new("plum", Tastes, "bite into it", "bit into it", Food),
        new("honey cake", Tastes, "taste it", "tasted it", Food), new("peach", Tastes, "bite into it", "bit into it", Food),
        new("orange", ["big", "sweet", "fresh", "juicy", "round"], "peel it", "peeled it", Food), new("doughnut", Tastes, "nibble it", "nibbled it", Food),
    ];
}
