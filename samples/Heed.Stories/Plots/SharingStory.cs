using Heed.Stories.Telling;
using Heed.Stories.World;

namespace Heed.Stories.Plots;

/// <summary>There is only one of something good; alone it is no fun, shared it is.</summary>
internal static class SharingStory
{
    public static readonly Plot Plot = new("sharing", [Theme.Sharing, Theme.Angry, Theme.Friendship],
    [
        "{One day|That afternoon|At noon}, {[hero] and [friend]|the two friends} {found|came upon} a [adj] [thing]. It {was|lay} [spot]. {?It {smelled wonderful|looked so good}.} {\"I saw it first!\" {cried|said} [hero]. \"No, I did!\" {cried|said} [friend].|\"It is mine!\" {cried|said} [hero]. \"No, mine!\" {cried|said} [friend].}",
        "{?{They {pulled|tugged} at it from both sides.|They {shouted|argued} {and stamped their feet|so loudly that the birds flew away}.}} {Then [hero] {grabbed it|took it} and ran away.|At last, [hero] held it high and ran off with it.} {?\"I will have it all for myself,\" [he] {thought|said}.} [Friend] was {very |so |}angry.",
        "[Hero] sat down {alone|by [himself]} [spotb]. {[He] wanted to [use], but {it was no fun|something was missing}.|[He] [used], but {it did not taste as good as it looked|it was no fun alone}.} {?There was nobody to {laugh with|talk to|say \"yum\" with}.} {?{It was very quiet.|[He] thought of [friend].}}",
        "{#asks:Then [newhelper] came by. \"A big feast for one is a small feast,\" [whe] said. \"Small feasts are big with friends.\"|A sparrow {sat down|landed} next to [him], picked up a crumb and called its five children. They all shared the one crumb.|Then [he] remembered how [friend] had once given [him] [fhis] last strawberry.} [Hero] {thought about that|felt ashamed}.",
        "{So [he]|[H]} {got up|jumped up} and {ran|went} back. \"{Here|Look},\" [he] said, \"{half of it is for you|let us share it}.\" {?{[He] {cut|broke} it in two.|They cut it into two parts.}} {?{And [he] gave [friend] the bigger part.|Both parts were just the same.|}} [Friend] {smiled|was not angry any more}. \"{Thank you|That is nice of you},\" [fhe] said. {?\"And I am sorry that I shouted.\"}",
        "{They sat {side by side|in the grass|together} and ate.|Together they ate every {bit|crumb}.} {Now it tasted {twice as good|better than anything}.|It was only half as much, and yet it was twice as good.} {\"{Sharing makes it sweeter|Things taste better when we share},\" {said|laughed} [hero].|[Hero] had learned that sharing is {a good thing|more fun than having it all}.}",
    ])
    {
        Uses = ThingUse.Food,
        Spare = [3],
        Questions =
        [
            ("{What did they find?|What did they fight about?}", "They found a [adj] [thing] {|and both wanted it}."),
            ("Why was [friend] angry?", "{[Friend]|[Fhe]} was angry because [hero] took the [thing] and ran away with it."),
            ("{What did [hero] learn?|What did they learn?}", "{[Hero] learned|[He] learned} that {sharing is better than having it all|things taste better when you share them}."),
            ("{Who got the [thing] in the end?|What happened to the [thing]?}", "They shared it and ate it together."),
        ],
    };
}
