using Heed.Stories.Telling;

namespace Heed.Stories.Plots;

/// <summary>Something is built; it falls to pieces once, and is then built better.</summary>
internal static class Building
{
    private const string It = "{#what:raft|bridge|treehouse|cart|tower|tent}";

    public static readonly Plot Plot = new("building", [Theme.NeverGiveUp, Theme.Proud, Theme.AskingForHelp],
    [
        "{One day|That morning}, [hero] had {a big idea|a plan|a wonderful idea}. \"Let us build a " + It + "!\" [he] {said|told [friend]}. {?\"{#what:Then we can float on the water|Then nobody will get wet feet|Then we can sit above the whole world|Then we can ride down every slope|Then we can see far, far away|Then we can sleep outside}!\"} {?{\"{Yes|Hooray|Good idea}!\" {said|cried} [friend].|[Friend] clapped [fhis] hands.}}",
        "{They {gathered|looked for|brought} {#stuff:old boards and rope|long sticks and strong string|wooden boxes and nails}.|First they collected {#stuff:old boards and rope|long sticks and strong string|wooden boxes and nails}.} {?They found the best ones [spot].} {They worked all morning.|Then they {hammered and tied|worked and worked} {until noon|for hours}.} {?[Friend] held everything in place while [hero] {tied the knots|did the rest}.}",
        "{At last|Soon} the " + It + " {was ready|stood there}. {But as soon as they {tried it|sat down on it|touched it}|But then}, {crack!|crash!|bump!} {The whole " + It + " fell {apart|to pieces}.|Down it came, all of it.}",
        "{\"{It is no good|I am no good at this},\" {sighed|said} [h].|[Hero] {sat down and hung [his] head|kicked a stone}. \"All that work!\" [he] said.|[Friend] looked at the {mess|pieces}. [Hero] wanted to {go home|cry}.} \"We {must not|won't|will not} give up,\" said [friend]. \"{Let us ask [helper]|[Helper] will know what to do}.\"",
        "[Helper] {looked at the pieces|came and looked|walked around it once}. \"{#fix:You need a wide base|You must tie the corners twice|You need one strong beam in the middle},\" [whe] said. {?\"{Slowly does it|Good things take time}.\"}",
        "So they {began|started} again. {#fix:This time they made the bottom wide and strong|This time they tied every corner twice|This time they put one strong beam in the middle}. {?They worked {slowly and carefully|until the sun went down}.} {And this time|When they tried it now}, the " + It + " {held|did not even shake|stood firm}!",
        "{They {#what:floated along and waved to the ducks|walked over it ten times|looked out over all the leaves|rolled along and shouted for joy|climbed up and waved to everyone|lay inside it and told stories}.|{#what:They floated along like captains|They ran across and back again|They sat up there like kings|They rode it until dark|They stood at the top and sang|They crept inside and giggled}.} [Hero] was {very|so} proud. {\"We {did|made} it because we did not give up,\" [he] said.|[He] had learned that {if you try again, you can do it|it is fine to fail once and try again}.}",
    ])
    {
        Outdoors = true,
        Spare = [3, 4],
        Questions =
        [
            ("{What did they build?|What did [hero] want to build?}", "They built a " + It + "{| out of {#stuff:old boards and rope|long sticks and strong string|wooden boxes and nails}}."),
            ("{What went wrong?|Why was [hero] unhappy?}", "{The|Because the} " + It + " fell {apart|to pieces} {the first time|when they tried it}."),
            ("{Who told them what to do?|Who helped them?}", "[Helper] {did|helped them}. {#fix:They needed a wide base|They had to tie the corners twice|They needed one strong beam in the middle}."),
            ("Why was [hero] proud?", "[Hero] was proud because they did not give up and the " + It + " held."),
        ],
    };
}
