using Heed.Stories.Text;
using Heed.Stories.World;

namespace Heed.Stories.Telling;

/// <summary>Everything that stays the same while one story is told, and while one talks about it.</summary>
internal sealed class Scene
{
    private static readonly string[] Houses = ["little house", "small house", "cosy home", "tiny hut", "house with a red door", "round little house"];
    private static readonly string[] Rooms = ["small room", "cosy corner", "little attic"];
    private readonly Dictionary<string, string> _words = [];
    private readonly Dictionary<string, int> _choices = [];

    public Scene(Plot plot, Character hero, Character friend, Helper helper, Place place, Weather weather, Thing? thing, SplitMix random)
    {
        (Plot, Hero, Friend, Helper, Place, Weather, Thing) = (plot, hero, friend, helper, place, weather, thing);
        Name(hero, "hero", "kind", "trait", "");
        Name(friend, "friend", "fkind", "ftrait", "f");
        Pronoun(helper.Pronouns, "w");
        _words["helper"] = $"the {helper.Adjective} {helper.Noun}";
        _words["newhelper"] = $"a {helper.Adjective} {helper.Noun}";
        _words["hnoun"] = helper.Noun;
        if (thing is not null)
        {
            (_words["thing"], _words["adj"]) = (thing.Noun, random.Pick(thing.Adjectives));
            (_words["use"], _words["used"]) = (thing.Use, thing.Used);
        }
        (_words["place"], _words["in"], _words["across"]) = ("the " + place.Noun, place.In, place.Across);
        int first = random.Next(place.Spots.Length);
        string Spot(int i) => place.Spots[(first + i) % place.Spots.Length];
        (_words["spot"], _words["spotb"], _words["spotc"]) = (Spot(0), Spot(2), Spot(3));
        _words["home"] = place.Indoors ? $"in a {random.Pick(Rooms)} {place.In}" : $"in a {random.Pick(Houses)} {place.In}";
        _words["sight"] = random.Pick(place.Sights);
        _words["dest"] = random.Pick(Places.Destinations);
        _words["weather"] = weather.Adjective;
    }

    public Plot Plot { get; }

    public Character Hero { get; }

    public Character Friend { get; }

    public Helper Helper { get; }

    public Place Place { get; }

    public Weather Weather { get; }

    public Thing? Thing { get; }

    /// <summary>The template in the words of this scene; choices made once hold for all later calls.</summary>
    public string Write(string template, SplitMix random, int fullness = 50) =>
        new Template(slot => Word(slot, random), _choices, random, fullness).Write(template);

    private string Word(string slot, SplitMix random) => slot switch
    {
        "h" => random.Chance(70) ? Hero.Name : $"the {(random.Chance(30) ? "little " : "")}{Hero.Kind.Noun}",
        "f" => random.Chance(75) ? Friend.Name : $"the {Friend.Kind.Noun}",
        _ => _words.TryGetValue(slot, out string? word) ? word : throw new InvalidOperationException($"Plot {Plot.Name}: the scene has no word for [{slot}]."),
    };

    private void Name(Character character, string name, string kind, string trait, string prefix)
    {
        (_words[name], _words[kind], _words[trait]) = (character.Name, character.Kind.Noun, character.Trait);
        Pronoun(character.Pronouns, prefix);
    }

    private void Pronoun(Pronouns words, string prefix)
    {
        (_words[prefix + "he"], _words[prefix + "him"]) = (words.He, words.Him);
        (_words[prefix + "his"], _words[prefix + "himself"]) = (words.His, words.Himself);
    }
}
