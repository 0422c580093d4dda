using Heed.Stories.Telling;
using Heed.Stories.World;

namespace Heed.Stories.Plots;

/// <summary>A friend seems to have taken a thing; in truth it was a kindness.</summary>
internal static class Misunderstanding
{
    public static readonly Plot Plot = new("misunderstanding", [Theme.Sorry, Theme.Angry, Theme.Friendship],
    [
        "{[Hero] had a [adj] [thing].|[Hero] owned a [adj] [thing] and was proud of it.|The finest thing [hero] had was a [adj] [thing].} {?{[He] [used] every day|[He] loved to [use]}.} {?But {it was getting old|it was no longer new}.}",
        "One {morning|day}, the [thing] was {gone|not in its place}. {[Hero] looked out of the window and saw|Then [he] saw} [friend] {[spot] with the [thing] in [fhis] arms|hiding the [thing] [spot]}. \"{[Friend] took my [thing]|[Friend] is a thief}!\" thought [hero], and [he] {was|grew} {very |so |}angry.",
        "{[He] {ran|marched} to [friend] and shouted: \"You are not my friend any more!\"|\"I will never {talk to you|play with you} again!\" [he] {shouted|cried}.|When [friend] waved, [hero] turned away. \"Go away!\" [he] said.} {?{[Friend] wanted to {say something|explain}, but [hero] {would not listen|was already gone}.|[Friend]'s eyes filled with tears.}}",
        "{All day long|The whole day}, [hero] sat {alone|by [himself]}. {?{No game was fun|Nothing was fun} without [friend].} {Then|In the evening}, [newhelper] {came by|sat down beside [him]}. \"Did you ask [friend] why?\" said [helper]. \"{No|Well, no},\" said [hero] {quietly|in a small voice}. {?\"Then you {do not know|know only half of it}.\"}",
        "{So [hero] went to [friend]'s {door|house}.|[Hero] {thought about it all night|could not sleep}, and then [he] went to [friend].} And there, {on the table|by the lamp}, {lay|was} the [thing]. {#why:It was clean and bright, as if it were new|A crack in it had been mended so well that nobody could see it|It was wrapped in paper, with a bow on top}. \"{#why:I wanted to clean it for you|I saw that it had a crack, and I wanted to mend it for you|I wanted to give it back to you as a surprise},\" said [friend]. {?\"Tomorrow is {your birthday|our friendship day}.\"}",
        "[Hero] {turned red|felt very small|looked at [his] feet}. \"I am {so |very |}sorry,\" [he] said. \"I was angry, and I did not ask.\" {?{\"{It is all right|That is all right},\" said [friend]{| and smiled}.|[Friend] {gave [him] a hug|smiled again}.}} {?\"And I should have told you.\"}",
        "{[H] had learned to ask first and be angry later{|, or not at all}.|Since then, [hero] always asks before [he] shouts.|\"Next time I will ask you first,\" said [hero].} {?Then they [used] together.}",
    ])
    {
        Uses = ThingUse.Treasure,
        Spare = [6],
        Questions =
        [
            ("Why was [hero] angry?", "{[Hero] was angry because|Because} [he] thought that [friend] had taken [his] [adj] [thing]."),
            ("{Why did [friend] take the [thing]?|What did [friend] do with the [thing]?}", "{[Friend]|[Fhe]} {#why:wanted to clean it for [hero]|wanted to mend a crack in it|wanted to wrap it up and give it back as a surprise}."),
            ("{What did [hero] say in the end?|Did [hero] say sorry?}", "{[Hero]|[He]} said that [he] was sorry."),
            ("Who talked to [hero]?", "[Helper] {did|talked to [him]} and asked if [he] knew why."),
        ],
    };
}
