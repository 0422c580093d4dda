using Heed.Stories.Telling;

namespace Heed.Stories.Plots;

/// <summary>A race is lost, or so it seems, because somebody stops to help.</summary>
internal static class BigRace
{
    public static readonly Plot Plot = new("race", [Theme.Race, Theme.Kindness, Theme.Helping, Theme.Proud],
    [
        "{The day of the big race had come|It was the day of the big race|Once a year there was a great race}. {#how:They would race with little boats|They would race on sleds with wheels|They would run three times around [place]|They would hop in sacks}. {The prize was {#prize:a silver cup|a basket of cherries|a big blue ribbon}.|Whoever won would get {#prize:a silver cup|a basket of cherries|a big blue ribbon}.} {?[Hero] had {practised for weeks|trained every day}. \"This year I will win,\" [he] {said|told everyone}.}",
        "{\"Ready, steady, go!\" {called|cried} [newhelper].|[Newhelper] {waved a flag|rang a bell}, and off they went.} {?{At first [h] was {slow|only third}, but {then|soon} [he] {passed one after the other|was in front}.|[Hero] was {the fastest of all|soon in front}.}} {?The people {cheered|clapped and shouted}. \"Faster, [hero]!\"}",
        "{Then|But then|Just before the end}, [he] heard {a cry|a shout}. \"{Ouch|Help}!\" [Friend] {#fall:had fallen and hurt [fhis] knee|was stuck in the mud|had a broken {#how:sail|wheel|shoe|sack} and could not go on}. {?The others {ran past|did not stop|did not even look}.}",
        "[Hero] {looked ahead|saw the finish line}. {?It was so near!} {?{[He] {thought of the prize|wanted to win so much}.|Only a few more steps, and the prize was [his].}} {But [he] {turned around|stopped}.|[He] stopped.} {?\"{What are you doing|You will lose}!\" {called|cried} {somebody|the people}.} \"{My friend needs me|A friend is more than a race},\" said [hero].",
        "[He] {#fall:tied a cloth around [friend]'s knee|pulled [friend] out of the mud|gave [friend] a hand and mended what was broken}. {?\"Go on, you can still win,\" said [friend]. \"{Only with you|Not without you},\" said [hero].} {Then they went on, {side by side|arm in arm|hand in hand}|Side by side, they went on}. They {came in|were} {last of all|the very last}.",
        "{But|And yet} {everybody {cheered|clapped}|the people cheered louder than ever}. {[Helper] {came up to them|raised a hand}. \"{#prize:This silver cup is|These cherries are|This blue ribbon is} for {the kindest one today|the biggest heart},\" [whe] said, and gave the prize to [hero].|\"Somebody else was {faster|first},\" said [helper], \"but [hero] was the kindest. The prize is for [him]!\"}",
        "{?{[Hero] shared {it|the prize} with [friend], {of course|half and half}.|[Hero] {turned red|smiled}. \"{It is for both of us|We won it together},\" [he] said to [friend].}} {?{[Friend] was {very |so |}proud of [him].|And [he] was {very |}proud.}} {?{[H] had learned that being kind is better than being first.|There are more ways than one to win a race.}}",
    ])
    {
        Outdoors = true,
        Spare = [6],
        Questions =
        [
            ("{Did [hero] win the race?|Who won the race?}", "{No, [hero] came in last because [he] helped [friend]|[Hero] stopped to help [friend] and came in last}, but [he] got the prize for being kind."),
            ("{Why did [hero] stop?|What happened to [friend]?}", "[Friend] {#fall:had fallen and hurt [fhis] knee|was stuck in the mud|had a broken {#how:sail|wheel|shoe|sack}}."),
            ("{What was the prize?|What did the winner get?}", "The prize was {#prize:a silver cup|a basket of cherries|a big blue ribbon}."),
            ("{What kind of race was it?|How did they race?}", "{#how:They raced with little boats|They raced on sleds with wheels|They ran three times around [place]|They hopped in sacks}."),
        ],
    };
}
