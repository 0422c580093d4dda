using Heed.Stories.Telling;

namespace Heed.Stories.Plots;

/// <summary>A seed is planted, and nothing happens for a long time.</summary>
internal static class Seed
{
    public static readonly Plot Plot = new("seed", [Theme.Patience, Theme.Practice, Theme.Surprise],
    [
        "One {spring morning|day in spring}, [newhelper] gave [hero] a {tiny|small|little} {brown|round|black} seed. \"{Plant it and be patient|Put it in the earth, and be patient},\" {said [helper]|[whe] said}. {\"What will it be?\" asked [hero]. \"{Wait and see|That is a surprise},\" said [helper].|\"It will be a surprise.\"}",
        "[Hero] {dug a hole|made a little hole} [spot] and {put the seed in|laid the seed inside}. {?{[He] gave it {some|a little} water.|[Friend] brought a can of water.}} {?\"Grow, little seed, grow!\" [he] {sang|said}.} {The next day|In the morning}, [he] {ran|went} to look. {There was nothing|Nothing was there}, only {brown |}earth.",
        "{[He] looked on the second day and the third day.|Every {hour|morning}, [he] went to look.} Nothing! {#try:[He] shouted at the ground, but the ground said nothing|[He] gave it ten cans of water, until it was a puddle, but that did not help|[He] wanted to dig it up and see if it was still there, but [friend] held [him] back}. {?\"{It is a lazy seed|It will never grow},\" {said|grumbled} [hero].}",
        "{\"{You must be patient|Be patient},\" said [friend].|\"Seeds do not look at the clock,\" said [friend].} \"{#pass:Let us tell each other stories while we wait|Let us paint a sign for it while we wait|Let us build a little fence around it while we wait}.\" {?{So that is what they did.|And so they did.}} {?{Rain came, and sun came.|A week went by, and another one.} {#pass:They told all the stories they knew|The sign had a yellow sun on it|The fence was as high as a boot}.}",
        "{Then|And then}, {one morning|one fine morning}, {there was|they saw} a tiny green tip. \"{Look|It is here|It is alive}!\" {shouted|cried} [hero]. {?{It grew and grew.|Every day it grew {a bit|a finger} taller.}} {?First it had two leaves, then {four|ten}, then a {fat|round} bud.}",
        "{By summer|In summer|When summer came}, it was {#plant:a sunflower, taller than a door|a bush full of red strawberries|a vine with a huge orange pumpkin}! {{#plant:Bees came from far away to visit it|Everybody [in] got a strawberry|They made soup, and there was enough for everyone}.|[Hero] {danced around it|could not stop smiling}.} {\"{It was worth the wait|See what a little patience can do},\" said [helper].|[Hero] had learned that {good things need time|patience makes the best gardener}.}",
    ])
    {
        Outdoors = true,
        OwnWeather = true,
        Spare = [2],
        Questions =
        [
            ("{What did [hero] plant?|What did [helper] give [hero]?}", "{It was|[Helper] gave [him]} a {little|tiny} seed."),
            ("{What grew from the seed?|What did the seed become?}", "It {became|was} {#plant:a sunflower, taller than a door|a bush full of red strawberries|a vine with a huge orange pumpkin}."),
            ("{Where did [hero] plant it?|Where was the seed?}", "[Hero] planted it [spot]."),
            ("{What did they do while they waited?|How did they wait?}", "They {#pass:told each other stories|painted a sign for it|built a little fence around it}."),
        ],
    };
}
