using Heed.Stories.Telling;
using Heed.Stories.World;

namespace Heed.Stories.Plots;

/// <summary>Something must be brought to somebody far away; the way is blocked once.</summary>
internal static class Delivery
{
    public static readonly Plot Plot = new("delivery", [Theme.Journey, Theme.Helping],
    [
        "{One day|One morning|That morning}, [hero]'s {#sender:grandmother|father|aunt} said: \"{#who:Uncle Bruno|Granny Plum|Captain Grey} at the [dest] {is ill|has a birthday today|feels alone}. {Will you bring {#who:him|her|him} this [adj] [thing]?|Please take this [adj] [thing] to {#who:him|her|him}.}\" \"{Yes|Of course|I will},\" said [hero]. {?[He] put it {carefully|gently} into a basket.} {?[Friend] came along.} It was a long journey {to|all the way to} the [dest].",
        "{They {walked|went} [across] and sang {songs|a walking song}.|Off they went, [across].} {?They saw [sight], but they did not stop {for long|}.} {?\"{May I have a little look at|I would so like to hold} the [thing],\" said [friend]. \"{No, it is a present|Not now},\" said [hero].}",
        "{Then|But soon|After an hour} they came to {#block:a stream, and the bridge was broken|a tree that had fallen across the road|a place where the road split in two, and there was no sign}. {?\"{What now?|Oh dear!|What shall we do?}\" said [friend].} {#block:First they tried to jump, but the stream was too wide|First they tried to push the tree, but it did not move|First they went left, but that way ended at a wall}.",
        "{Just then|By good luck|Then} [newhelper] came along. \"{#block:Step on the flat stones, I will show you where|Not over it, but under it! There is a gap down there|Follow the little white stones, they lead to the [dest]},\" said [helper]. {?\"Thank you!\" {said|called} the two friends.} {#block:So they hopped from stone to stone, and [hero] held the [thing] high above [his] head|So they crept under the tree, and [hero] pushed the [thing] ahead of [him]|So they followed the white stones, and [hero] held the [thing] tight}.",
        "{At last|In the afternoon|Just before dark}, they {reached|came to} the [dest]. {?They knocked{| three times}.} {#who:Uncle Bruno|Granny Plum|Captain Grey} opened the door and {#who:his eyes|her eyes|his eyes} {grew wide|began to shine}. \"A [adj] [thing]! {For me|And you walked all that way}?\" {#who:he|she|he} {said|cried}.",
        "{?{They {sat down|stayed} for {tea and cake|a cup of hot chocolate}, and {#who:Uncle Bruno|Granny Plum|Captain Grey} told them {stories of the old days|a funny story|about the sea}.|{#who:Uncle Bruno|Granny Plum|Captain Grey} laughed for the first time in weeks.}} {?\"Please come again {soon|next week},\" {#who:he|she|he} said.} {On the way home, [hero] felt {warm inside|light as a feather}.|[Hero] had learned that {bringing joy is the best gift|it feels good to help|a long way is short with a friend}.}",
    ])
    {
        Uses = ThingUse.Any,
        Outdoors = true,
        Spare = [1, 5],
        Questions =
        [
            ("{Where did they go?|Where did [hero] and [friend] go?}", "They went to the [dest]."),
            ("{What did they bring?|What did [hero] carry?}", "[Hero] {brought|carried} a [adj] [thing]."),
            ("{Who got the [thing]?|Who was the [thing] for?}", "The [thing] was for {#who:Uncle Bruno|Granny Plum|Captain Grey}."),
            ("{Why was it hard?|What was in the way?}", "{#block:The bridge over the stream was broken|A tree had fallen across the road|The road split in two, and there was no sign}, but [helper] helped them."),
        ],
    };
}
