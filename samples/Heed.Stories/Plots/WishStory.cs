using Heed.Stories.Telling;
using Heed.Stories.World;

namespace Heed.Stories.Plots;

/// <summary>A wish is free; it is given to a friend, and comes back.</summary>
internal static class WishStory
{
    public static readonly Plot Plot = new("wish", [Theme.Wish, Theme.Kindness],
    [
        "{[Hero] wanted a [adj] [thing] {more than anything|so much}.|There was one thing [hero] {dreamed of|wanted}: a [adj] [thing].|Every {night|evening}, [hero] dreamed of a [adj] [thing].} {?[He] {thought of it day and night|wanted to [use] all day long}.}",
        "One {night|evening}, {#magic:a star fell from the sky and landed|a tiny fish with silver scales spoke to [him]|a small green frog hopped out and bowed to [him]} [spot]. \"{#magic:You found me|You were kind to the water|You never stepped on me}, so you may {have|make} one wish,\" {said|whispered} {#magic:the star|the fish|the frog}. {?\"But only one! {Think well|Be careful with it}.\"}",
        "{?{[Hero]'s heart {beat fast|jumped}.|[H] could hardly believe it.|\"One wish!\" said [hero].}} {[He] was about to wish for the [thing]|[He] opened [his] mouth to wish for the [thing]}. {But then|Just then} [he] {saw|thought of} [friend]. {#need:[Friend] had hurt [fhis] foot and could not walk|[Friend] had a bad cold and had to stay in bed|[Friend] was sad because [fhis] little house had lost its roof}.",
        "{?[Hero] {thought for a long time|was quiet for a moment|took a deep breath}.} {?\"A [thing] would be {nice|lovely},\" [he] thought, \"but a friend is more.\"} \"I wish {#need:that my friend could walk again|that my friend were well again|for a new roof for my friend},\" [he] said.",
        "{?{There was a flash of light.|The air {sparkled|glittered}.|{Pling!|Poof!} it went.}} And {#need:[friend]'s foot was as good as new|[friend]'s cold was gone|there was a fine new roof on [friend]'s house}! {?[Friend] {danced for joy|laughed and sang|could hardly believe it}.}",
        "\"{But what about your [thing]|Did you not want a [thing]}?\" asked [friend]. {[Hero] only smiled.|\"{Never mind|That can wait},\" said [hero].} So [friend] {worked in secret for three days|sat down and worked all night}, and {then|in the end} [fhe] gave [hero] a present. It was a [adj] [thing], {made by [friend]|and [fhe] had made it [fhimself]}!",
        "{?{\"This is the best [thing] in the world,\" said [hero], \"because it comes from you.\"|[Hero] hugged [friend] for a long time.|Now [he] could [use] every day.}} {[H] had learned that {being kind brings the best presents|a kind wish comes true twice}.|A kind heart is the best {magic|wish} of all.}",
    ])
    {
        Uses = ThingUse.Treasure,
        OwnWeather = true,
        Spare = [6],
        Questions =
        [
            ("{What did [hero] want?|What did [hero] dream of?}", "[Hero] {wanted|dreamed of} a [adj] [thing]."),
            ("{What did [hero] wish for?|What was the wish?}", "[He] {wished|made a wish} {#need:that [friend] could walk again|that [friend] were well again|for a new roof for [friend]}."),
            ("{Who gave [hero] the wish?|Who gave [him] a wish?}", "{#magic:A star|A fish with silver scales|A small green frog} gave [him] {a|one} wish."),
            ("{How did [hero] get the [thing]?|Who made the [thing]?}", "[Friend] made it for [him]."),
        ],
    };
}
