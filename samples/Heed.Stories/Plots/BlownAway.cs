using Heed.Stories.Telling;
using Heed.Stories.World;

namespace Heed.Stories.Plots;

/// <summary>The wind takes a light thing to where only somebody else can reach it.</summary>
internal static class BlownAway
{
    public static readonly Plot Plot = new("blown away", [Theme.Helping, Theme.Friendship, Theme.NeverGiveUp],
    [
        "{One day|That day|One afternoon}, {the two friends|[hero] and [friend]} {went out|were outside} with [hero]'s [adj] [thing]. {?[Hero] {had got it for [his] birthday|had found it [spotb]|had made it [himself]}.} {?[He] {loved|liked} to [use].}",
        "{All at once|Suddenly|Then}, {a strong gust of wind came|the wind gave a great puff|a big wind blew [across]}. {?{Whoosh!|Swish!|}} It {pulled|snatched|took} the [thing] {right out of [hero]'s hands|away} and {carried|blew} it {up, up, up|high into the air}.",
        "\"{Come back|Oh no|Stop}!\" {cried|shouted|called} [hero]. {[He] ran after it{| as fast as [he] could}, but the wind was faster.|But the wind {only laughed|did not listen}.} The [thing] {got stuck|was caught} {#high:at the top of a tall tree|on a high roof|on the arm of a tall sign post}.",
        "{First [he] tried to jump|[Hero] jumped and jumped}, but it was {much |far |}too high. {Then [friend] {threw a stick|tried to climb up}, but {slid down again with a bump|it did not work|it was no use}.|Then [friend] brought a {long stick|ladder|broom}, but it was too short.} {?\"We will never get it back,\" {said [h] sadly|sighed [h]}.} \"We must not give up,\" said [friend]. {?\"{Let me think|There must be a way}.\"}",
        "{#who:{Just then|At that moment}, a giraffe came by|{Just then|At that moment}, a stork flew by|{Just then|At that moment}, a squirrel from next door looked out}. \"{Please|Excuse me}, could you help us?\" asked [friend]. \"{Of course|With pleasure|Why not},\" said {#who:the giraffe|the stork|the squirrel}, and {#who:stretched a long, long neck|spread two great wings|climbed up, quick as a flash}.",
        "{A moment later|In no time|Before they could count to ten}, the [thing] was {back|safe} in [hero]'s hands. {?It had {a tiny tear|a little leaf on it|not even a scratch}.}",
        "\"{Thank you|Oh, thank you|How kind you are}!\" said [hero]. {?{To say thanks, they let {#who:the giraffe|the stork|the squirrel} [use] too.|They {danced in a circle|all laughed together}.|[Hero] gave {#who:the giraffe|the stork|the squirrel} {a big hug|a handful of berries|a song as a present}.}} {#moral:[Hero] learned that there is always a friend who can reach a little higher|\"With friends, nothing is too high,\" said [hero]|And [hero] knew that it is good to help each other}.",
    ])
    {
        Uses = ThingUse.Light,
        Outdoors = true,
        OwnWeather = true,
        Spare = [3],
        Questions =
        [
            ("{What happened to the [thing]?|Where did the [thing] go?}", "The wind {took|blew} it away, and it got stuck {#high:at the top of a tall tree|on a high roof|on the arm of a tall sign post}."),
            ("{Who got the [thing] back?|Who helped them?}", "{#who:A giraffe|A stork|A squirrel} {helped them|got it back for them}."),
            ("{What did the wind take?|What was blown away?}", "The wind took [hero]'s [adj] [thing]."),
        ],
    };
}
