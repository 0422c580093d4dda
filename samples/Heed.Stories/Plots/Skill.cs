using Heed.Stories.Telling;

namespace Heed.Stories.Plots;

/// <summary>A skill is learned by practice.</summary>
internal static class Skill
{
    private const string Do = "{#skill:swim|whistle|dance|juggle|paint|sing|skate|read|bake bread|tie knots}";

    public static readonly Plot Plot = new("skill", [Theme.Practice, Theme.NeverGiveUp, Theme.Proud],
    [
        "{There was one thing [hero] could not do: [he] could not " + Do + ".|[Hero] wanted to learn to " + Do + " {more than anything|so much}.|{Everybody else could|All the others could} " + Do + ", but [hero] could not.} {?[He] often watched [newhelper] do it. \"{How does [whe] do that|It looks so easy},\" [he] {thought|said}.}",
        "So {one day|one morning}, [he] tried. {#skill:[He] splashed and splashed and swallowed half the water|[He] blew and blew, but only air came out|[He] turned around once and fell over [his] own feet|[He] threw three apples up, and all three fell on [his] head|[He] got more paint on [his] nose than on the paper|[He] opened [his] mouth, and it sounded like an old door|[He] took two steps and sat down hard|[He] looked at the page, but the letters looked like ants|[He] took the bread out, and it was as hard as a stone|[He] pulled the rope, and it fell open again}. {?{Some children laughed|A crow laughed}.}",
        "\"I will never learn it!\" {cried|said|sighed} [hero]. {\"{You must not|Don't} give up,\" said [friend]. \"{Nobody can do it the first time|Try again tomorrow|I fell down a hundred times too}.\"|\"Not yet,\" said [friend], \"but soon, if you don't give up.\"}",
        "{[Helper] heard it and {smiled|came closer}.|They went to ask [helper].} \"{#trick:Do it slowly, one little bit at a time|Count to four, and then begin|Practise a little every day, and smile while you do it},\" [whe] said. {?\"That is {the whole secret|how I learned it}.\"}",
        "{?{So|And so}} [h] practised. {#trick:[He] did one little bit at a time|[He] counted to four, and then began|[He] practised a little every day, and [he] smiled}. {On Monday it went badly. On Tuesday it went {a bit|a little} better.|{Day after day|Every morning before breakfast}, [he] tried again.} {?[Friend] {sat beside [him] and cheered|clapped each time}.} {?Sometimes [he] wanted to stop, but [he] went on.}",
        "And {one day|one fine day|on the seventh day}, it worked! {#skill:[He] swam all the way across and back|A clear, bright whistle rang out|[He] danced around and around without one wrong step|Three apples flew through the air, and none of them fell|[He] painted a picture with a yellow sun, and everybody knew it was the sun|[He] sang so sweetly that the birds were quiet|[He] glided along like a feather|[He] read a whole page, and then a whole book|The bread was soft and golden, and it smelled wonderful|The knot held, even when three friends pulled at it}.",
        "\"I can do it!\" {shouted|cried|called} [hero]. {[Friend] clapped and {clapped|cheered}.|\"I knew you could,\" said [friend].} [Hero] was {very |so |}proud. {?The next day, [he] {taught|showed} [friend] how to do it, too.} {[He] had learned that {practice makes it easy|every big thing begins with a small try}.|\"If you want to learn something, you must try and try again,\" [he] said.}",
    ])
    {
        Spare = [3, 2],
        Questions =
        [
            ("{What did [hero] learn?|What did [hero] want to learn?}", "[Hero] {learned|wanted to learn} {how |}to " + Do + "."),
            ("{Who helped [hero]?|Who gave [hero] advice?}", "[Helper] {told|showed} [him] how to practise, and [friend] {cheered|told [him] not to give up}."),
            ("{What was the secret?|What did [helper] say?}", "{#trick:To do it slowly, one little bit at a time|To count to four and then begin|To practise a little every day and smile}."),
            ("Why was [hero] proud?", "[He] was proud because now [he] could {#skill:swim|whistle|dance|juggle|paint|sing|skate|read|bake bread|tie knots}."),
        ],
    };
}
