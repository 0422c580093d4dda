using Heed.Stories.Telling;

namespace Heed.Stories.Plots;

/// <summary>Everybody seems to have no time; they prepare a surprise.</summary>
internal static class SurpriseParty
{
    public static readonly Plot Plot = new("surprise party", [Theme.Birthday, Theme.Surprise, Theme.Lonely],
    [
        "{Today was|It was} [hero]'s birthday. {?{[He] jumped out of bed.|[He] had waited for this day for {weeks|a whole year}.}} {?\"{I wonder what will happen today|This will be a fine day}!\" [he] {thought|said}.} {But nobody said a word about it.|But nobody seemed to remember.}",
        "[He] went to [friend]. \"{Do you want to play|Shall we go out}?\" [he] asked. \"{Sorry|Oh, sorry}, I {have no time|can't},\" said [friend]. \"I must {#excuse:wash my socks|count my spoons|water my plants}.\" {?{And [fhe] {closed|shut} the door {quickly|fast}.|[Fhe] {hid something|held something} behind [fhis] back.}}",
        "Then [he] met [newhelper]. {?{\"{Good day|Hello}!\" said [hero].}} \"{Another time, my dear|I am in a hurry},\" said [helper], and {was gone|ran off with {a big bag|a ladder}}. {?Even {the cat|the postman|the neighbour} {looked the other way|had no time}.}",
        "\"{They have all forgotten me|Nobody thinks of me},\" {thought|said} [hero]. [He] {sat down|went and sat} [spot] and felt {very |so |}lonely. {?{A leaf fell on [his] nose|A beetle walked by}, and even {that|it} did not say happy birthday.}",
        "{When it grew dark|In the evening|At six o'clock}, [he] {walked|went} home. {?{The house was dark.|There was no light in the window.}} [He] opened the door, and {then|all at once} {the lights went on|a hundred candles shone}. \"SURPRISE!\" {cried|shouted} {everybody|all [his] friends}.",
        "{There were|The room was full of} {#deco:balloons and paper stars|lanterns and flowers|flags and ribbons}, and on the table stood {#cake:a chocolate cake|a strawberry cake|a big honey cake} {with candles|as high as a hat}. \"{Happy birthday, [hero]}!\" said [friend]. \"{I did not {#excuse:wash my socks|count my spoons|water my plants} at all|That was why I had no time}.{? I {was baking|had to hang up the {#deco:paper stars|lanterns|flags}}.}\"",
        "[Hero] {laughed and cried at the same time|was so happy that [he] {danced|sang}|did not know what to say}. {?They {played games|danced} until {the moon was high|midnight}.} {?{[He] blew out the candles and made a wish: \"{May it always be like this|May we always be friends}.\"|\"I thought you had forgotten me,\" [he] said. \"{Never|How could we}!\" said [friend].}} {[He] had learned that friends may be quiet because they have a surprise.|It was the best surprise of [his] life.}",
    ])
    {
        Spare = [2, 3],
        Questions =
        [
            ("{Why was [hero] lonely?|Why did [hero] feel lonely?}", "{[Hero]|[He]} thought that {everybody|all [his] friends} had forgotten [his] birthday."),
            ("{What was the surprise?|What happened in the evening?}", "{It was|There was} a birthday party for [hero], with {#deco:balloons and paper stars|lanterns and flowers|flags and ribbons}."),
            ("{What cake was there?|What kind of cake did they have?}", "{It was|They had} {#cake:a chocolate cake|a strawberry cake|a big honey cake}."),
            ("What did [friend] say?", "[Friend] said that [fhe] had to {#excuse:wash [fhis] socks|count [fhis] spoons|water [fhis] plants}, but it was not true: [fhe] was planning a surprise."),
        ],
    };
}
