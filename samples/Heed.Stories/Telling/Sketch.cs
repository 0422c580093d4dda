using Heed.Stories.Text;
using Heed.Stories.World;

namespace Heed.Stories.Telling;

/// <summary>A few sentences in no order about two characters and a thing: no plot, but every sentence names somebody again.</summary>
internal static class Sketch
{
    private static readonly string[] s_openings =
    [
        "{Once upon a time, there was|There once was|Long ago, there lived} a [trait] [kind] {named|called} [hero]. [He] had a friend, a [trait2] [kind2] named [friend].",
        "[Hero] was a [trait] [kind]. [His] {best |}friend was [friend], a [trait2] [kind2].",
        "Everybody knew [hero], the [trait] [kind]. [Hero]'s best friend was a [trait2] [kind2] called [friend].",
    ];

    private static readonly string[] s_sentences =
    [
        "[Hero] had a [colour] [thing].", "\"Look at the [thing]!\" {called|cried|said} [friend].", "\"Hello,\" said [hero].",
        "[Friend] {laughed|smiled|danced|sang|waited}.", "[Hero] {smiled|jumped|nodded|ran|listened}.", "\"Where is my [thing]?\" asked [hero].",
        "[Hero] and [friend] went home.", "So [friend] helped [hero].", "\"Thank you, [friend],\" said [hero].", "\"You are welcome, [hero],\" said [friend].",
        "Then [hero] {ran|went|walked} to [friend].", "The [thing] was [colour].", "[Hero]'s [thing] was gone.", "[Friend] gave [hero] the [colour] [thing].",
        "[Friend] {saw|took|liked|found} the [colour] [thing].", "\"I will help you,\" said [friend].", "The [kind] {looked at|thanked} the [kind2].",
        "[Hero] was {happy|proud|sad|tired}.", "[Friend] was {happy|proud|angry|hungry}.", "\"Is that your [thing]?\" asked [friend].",
    ];

    public static string Tell(SplitMix random)
    {
        Pronouns pronouns = random.Chance(50) ? Pronouns.Male : Pronouns.Female, other = pronouns == Pronouns.Male ? Pronouns.Female : Pronouns.Male;
        string hero = random.Pick(Names.For(pronouns)), friend = random.Pick(Names.For(other));
        string kind = Noun(random, pronouns, ""), kind2 = Noun(random, other, kind);
        Thing thing = random.Pick(Things.All);
        string trait = random.Pick(Kinds.Traits), trait2 = random.Pick(Kinds.Traits), colour = random.Pick(thing.Adjectives);
        Template template = new(Slot, [], random, fullness: 50);
        List<string> parts = [template.Write(random.Pick(s_openings))];
        int count = 4 + random.Next(7);
        for (int i = 0; i < count; i++) parts.Add(template.Write(random.Pick(s_sentences)));
        return string.Join(' ', parts);

        string Slot(string name) => name switch
        {
            "hero" => hero,
            "friend" => friend,
            "kind" => kind,
            "kind2" => kind2,
            "trait" => trait,
            "trait2" => trait2,
            "thing" => thing.Noun,
            "colour" => colour,
            "he" => pronouns.He,
            "his" => pronouns.His,
            _ => throw new InvalidOperationException($"Sketch: there is no slot [{name}]."),
        };
    }

    private static string Noun(SplitMix random, Pronouns pronouns, string not) =>
        random.Pick(Kinds.Animals.Concat(Kinds.People).Where(kind => kind.Noun != not && (kind.Only is null || kind.Only == pronouns)).ToList()).Noun;
}
