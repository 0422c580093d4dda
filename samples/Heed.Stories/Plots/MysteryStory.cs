using Heed.Stories.Telling;

namespace Heed.Stories.Plots;

/// <summary>Something strange happens every night, and somebody curious finds out why.</summary>
internal static class MysteryStory
{
    public static readonly Plot Plot = new("mystery", [Theme.Mystery, Theme.Curious, Theme.Kindness],
    [
        "But {something strange was going on|there was a mystery} [in]. {#strange:Every night, somebody ate the cookies from the window sill|Every night, a soft knocking could be heard|Every morning, the flower pots stood in other places}. {?Nobody knew who {did it|it was}. {Some said it was a ghost.|\"It must be the wind,\" said the neighbours.}} It was a real mystery.",
        "[Hero] was {very |so |}curious. \"{We must find out who it is|Let us find out|I want to know who does it},\" [he] {said|told [friend]}. {?{\"{At night|In the dark}?\" asked [friend] {with big eyes|in a small voice}. \"{I will be with you|We will be two},\" said [hero].|\"{Good|Yes},\" said [friend], \"but I will bring a {blanket|lamp}.\"}}",
        "{So that evening|When the moon came up}, they {hid|sat down and waited} [spot]. {?They waited and waited. {An owl called.|The clock struck ten.|[Friend] nearly fell asleep.}} {?{First they saw a shadow, but it was only {a cat|an old coat on a line}.|First they heard a noise, but it was only {the wind|a leaf}.}}",
        "Then {#strange:they heard munch, munch, munch|they heard knock, knock, knock|one of the pots began to move}! {?{[Friend] {held|grabbed} [hero]'s hand.|[Hero]'s heart beat fast.}} {?{On the tips of their toes|Slowly and softly}, they {crept|went} closer.} {?\"Who is there?\" {called|whispered} [hero].}",
        "And who was it? It was {#who:a tiny hedgehog|a thin little mouse|a very young raccoon}! \"{Please|Oh, please} don't be angry,\" said {#who:the hedgehog|the mouse|the raccoon}. \"{#strange:I am so hungry, and the cookies smelled so good|I am all alone, and I knocked to hear if somebody is there|I look for worms and seeds under the pots, because I am hungry}.\"",
        "{\"{Poor thing|You poor little one}!\" said [hero].|[Hero] {was not angry at all|smiled and sat down on the ground}.} \"{#strange:You can have supper with us|You can come and play with us|You can eat at our table} {every day|whenever you like}.\" {?{#who:The hedgehog|The mouse|The raccoon} {smiled from ear to ear|made a little jump for joy}.}",
        "{So the mystery was solved|That was the end of the mystery}, and {they had a new friend|now there were three friends}. {\"It is good to be curious,\" said [hero], \"and it is good to be kind.\"|[Hero] had learned that behind a strange thing there is often somebody who needs a friend.|And they {called|named} the little one {Moonlight|Whisper|Shadow}.}",
    ])
    {
        Spare = [1, 6],
        Questions =
        [
            ("{What was the mystery?|What was strange?}", "{#strange:Every night, somebody ate the cookies from the window sill|Every night, a soft knocking could be heard|Every morning, the flower pots stood in other places}."),
            ("{Who was it?|Who did it?}", "It was {#who:a tiny hedgehog|a thin little mouse|a very young raccoon}."),
            ("Where did they hide?", "They {hid|waited} [spot]."),
            ("{Why did the little one do it?|Why did it do that?}", "{#strange:It was hungry, and the cookies smelled so good|It was all alone and wanted to hear if somebody was there|It was hungry and looked for worms and seeds under the pots}."),
        ],
    };
}
