using Heed.Stories.Telling;
using Heed.Stories.World;

namespace Heed.Stories.Plots;

/// <summary>A thing is lost, missed and found where it was left.</summary>
internal static class LostThing
{
    public static readonly Plot Plot = new("lost thing", [Theme.Sad, Theme.AskingForHelp],
    [
        "{[Hero] had a [adj] [thing] and loved it {very much|more than anything}.|What [hero] loved most {of all|in the world} was [his] [adj] [thing].|[Hero]'s grandmother had given [him] a [adj] [thing], and [he] {took it everywhere|never went out without it}.} {?{Every day|Every morning|Whenever [he] could}, [he] liked to [use].}",
        "{But one day,|But that afternoon,|Then, one day,} {the [thing] was gone|the [thing] was nowhere to be seen|[h] could not find the [thing] anywhere|[h] reached for the [thing], and it was not there}.",
        "{[Hero] was {very sad|so sad|so sad that big tears rolled down [his] cheeks}.|[H] looked {here and there|high and low}, but it was no use, and [he] grew sad.|\"Where is my [thing]?\" [he] {cried|sobbed}, and [he] felt very sad.}",
        "{\"What is {wrong|the matter}?\" asked [friend]. \"I have lost my [thing],\" said [hero].|[Friend] {came running|saw [his] sad face}. \"{Don't cry|Don't worry},\" said [friend]. \"{We will find it|Let us look for it} together.\"|\"I can't find my [thing],\" [hero] told [friend]. \"{Then we must look for it|I will help you look}!\" said [friend].}",
        "{First they looked|They searched|They went and looked} [spotb], but {there was nothing there|they found only {an old boot|a pile of leaves|a surprised beetle|a broken cup}|the [thing] was not there}. {?Then they looked [spotc]. {Nothing|No luck|Still no [thing]}!}",
        "{At last they|Then they|So they} asked [newhelper] for help. {?{\"Think back,\"|\"Take a deep breath,\"} said [helper].} \"{#how:Did you stop to look at something|Did you run anywhere|Where did you play this morning}?\"",
        "{?[Hero] {thought hard|closed [his] eyes and thought|scratched [his] head}.} \"{Oh|Yes|I know}! {#how:I stopped to look at [sight]|I ran very fast [across]|We played [spot]}!\" [he] {cried|said|shouted}.",
        "They {ran|hurried|went} back {at once|as fast as they could|together}, and there, [spot], {lay|was} the [adj] [thing]. {?{#how:[Hero] had put it down and forgotten it|It had slipped out of [his] bag|It had been there all along}.}",
        "[Hero] {hugged [friend]|jumped for joy|laughed out loud}. \"Thank you {both|for helping me},\" [he] said. {[He] had learned that {asking for help is a clever thing to do|a good friend makes every search shorter|two pairs of eyes see more than one}.|\"It is good to ask for help,\" said [hero].}",
    ])
    {
        Uses = ThingUse.Treasure,
        Spare = [4, 3],
        Questions =
        [
            ("{Why was [hero] sad?|Why did [hero] feel sad?}", "{[Hero] was sad because|Because} [he] {had lost|could not find} [his] [adj] [thing]."),
            ("{Where did they find the [thing]?|Where was the [thing]?}", "{They found it|The [thing] was} [spot]."),
            ("{What did [hero] lose?|What was lost?}", "[Hero] lost [his] [adj] [thing]."),
            ("{Who helped [hero]?|Who helped them?}", "[Friend] the [fkind] and [helper] helped [him]."),
        ],
    };
}
