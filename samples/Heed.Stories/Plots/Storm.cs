using Heed.Stories.Telling;

namespace Heed.Stories.Plots;

/// <summary>A storm comes, and somebody who is scared does a brave thing.</summary>
internal static class Storm
{
    public static readonly Plot Plot = new("storm", [Theme.Storm, Theme.Brave, Theme.Scared],
    [
        "{One afternoon|That day|One evening}, {they were playing [spot]|they went to look at [sight]|they sat [spot] and told jokes}. {?It was {very still|strangely quiet}, and {the birds had stopped singing|not a leaf moved}.}",
        "{All at once|Suddenly|Then} the sky {grew|turned} {dark|black|as dark as ink}. {?The wind {howled|shook the trees}.} {?{Boom! went the thunder|There was a flash of lightning and a loud boom|Thunder rolled over [place]}.} A storm {had come|was here}!",
        "[Hero] was {very |so |}scared. {?{[His] knees {shook|trembled}.|[He] put [his] hands over [his] ears.|[His] heart went bumpity-bump.}} {?\"{I want to go home|I don't like this},\" [he] {whispered|said}.} {?{\"{Quick|Come}, we must hide!\" {cried|called} [friend].|[Friend] took [his] hand.}} They {#shelter:crept under an old bridge|squeezed into a hollow tree|ran into an empty barn}.",
        "{But then they heard|Just then [h] heard|There was a sound outside:} {#cry:a tiny voice crying|somebody calling for help|a soft little peep}. {#who:A baby bird had fallen from its nest|A little lamb was stuck in the mud|A lost kitten was sitting in the rain}. \"{Somebody must go|We have to help},\" said [friend], \"but {I have hurt my foot|the wind will blow me away|I cannot see well in the dark}.\"",
        "[Hero] looked at {the rain|the dark sky|the flashing sky}. {?[He] was still scared.} But [he] {took a deep breath|counted to three|closed [his] eyes and opened them again} and {ran|stepped|went} out {into the storm|into the rain}. {?The wind pulled at [him]. {[He] did not stop|Step by step, [he] went on}.}",
        "{[He] {picked up|reached} {#who:the baby bird|the little lamb|the kitten} and {brought it back|carried it back}, {safe and sound|safe and warm}.|Soon [he] was back, {wet to the skin|dripping wet}, with {#who:the baby bird|the little lamb|the kitten} in [his] arms.} {?{#who:\"Peep,\" it said, and it snuggled up to [him]|\"Baa,\" it said, and it licked [his] nose|\"Meow,\" it said, and it began to purr}.}",
        "{After a while|At last|Little by little}, the thunder {went away|grew quiet}, and {a rainbow came out|the sky was blue again|the stars came out}. \"You were {so|very} brave!\" said [friend]. \"But I was scared {the whole time|all the time},\" said [hero]. {\"{That is what brave means|Brave is when you are scared and do it anyway},\" said [friend].|\"And still you went,\" said [friend]. \"That is being brave.\"}",
    ])
    {
        Outdoors = true,
        OwnWeather = true,
        Spare = [0],
        Questions =
        [
            ("{Why was [hero] scared?|What was [hero] scared of?}", "{[Hero] was scared {of|because of} the storm.|There was a {big |}storm, with thunder and lightning.}"),
            ("{Where did they hide?|Where did they go?}", "They {#shelter:hid under an old bridge|hid in a hollow tree|ran into an empty barn}."),
            ("{Who did [hero] save?|Who was out in the storm?}", "{#who:A baby bird that had fallen from its nest|A little lamb that was stuck in the mud|A lost kitten}."),
            ("{Why was [hero] brave?|What did [hero] do?}", "[He] was scared, but [he] went out into the storm and saved {#who:the baby bird|the little lamb|the kitten}."),
        ],
    };
}
