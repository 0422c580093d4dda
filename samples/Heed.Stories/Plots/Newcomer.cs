using Heed.Stories.Telling;

namespace Heed.Stories.Plots;

/// <summary>Somebody new is lonely, until one small step is taken.</summary>
internal static class Newcomer
{
    public static readonly Plot Plot = new("newcomer", [Theme.Lonely, Theme.Friendship, Theme.Kindness],
    [
        "{[He] was new [in] and did not know anybody.|[He] had just moved there and knew nobody.} {?[His] {boxes|bags} were still {full|packed}.} {[Hero] {watched|saw} the others {play|laugh} [spot].|Every day, the others played [spot], and [hero] watched.} {?{But [he] was too shy to ask them.|Nobody asked [him] to join.}} [He] felt {very |so |}lonely.",
        "{First [he]|One day, [he]} tried {#first:to make them laugh and stood on [his] head, but nobody was looking|to say hello, but only a tiny squeak came out|to walk past them very slowly, but they were too busy to see [him]}. {?{[Hero] went home and {sighed|sat at the window}.|\"It is no use,\" [he] {said|sighed}.}} {?\"If only I had {one|a single} friend,\" [he] told {the moon|[his] pillow}.}",
        "{Not far away lived|In the house next door lived|On the other side of the road lived} a [ftrait] [fkind] named [friend]. [Friend] {saw|had noticed} [hero] at the window. \"{[He] looks lonely|Maybe [he] needs a friend},\" [fhe] {thought|told [newhelper]}. {#helps:\"Then knock at the door,\" said [helper]. \"A knock is the key to every friendship.\"|\"Bring something sweet,\" said [helper]. \"That always helps.\"}",
        "{The next morning|The next day|So that afternoon}, there was a knock at [hero]'s door. {?{Knock, knock!|Tap, tap, tap!}} {There stood [friend]|It was [friend]} with {#gift:a plate of cookies|a bunch of flowers|a jar of jam}. \"{Hello|Good day}, I am [friend]. {I live next door|I brought you this}. {Do you want to play|Will you come out and play}?\"",
        "[Hero] {did not know what to say|turned red|could hardly speak}. {Then [he] {smiled|nodded}|\"I would love to,\" [he] whispered}. {They {#play:played hide and seek|drew pictures with chalk|built a house of leaves}|Together they {#play:played hide and seek|drew pictures with chalk|built a house of leaves}} {all afternoon|until dark}. {?And it turned out that [hero] {could tell the funniest jokes|knew the best games}.}",
        "{Soon|Before long|After a while} {the others came, too|the others came to see why they laughed so much}. \"{May we join you|Can we play too}?\" they asked. \"{Of course|The more the merrier},\" said [hero]. {?[He] was not shy any more.} {Now [he] had {a whole bunch of|five} friends, {and the first of them was [friend]|but [friend] was the very best}.}",
        "{A week later, somebody new came, a little {goat|hen|snail} who stood there all alone. [Hero] {knew what to do|went straight over}. \"Hello,\" [he] said, \"{do you want to play|come and play with us}?\"|[Hero] had learned that {one kind word can open a door|a friend can be just one knock away}.|\"Thank you for knocking,\" said [hero]. \"It was {a small thing|easy},\" said [friend]. \"It was a kind thing,\" said [hero].}",
    ])
    {
        OwnFriend = true,
        Spare = [1, 5],
        Questions =
        [
            ("{Why was [hero] lonely?|Why did [hero] feel lonely?}", "{[Hero]|[He]} was new [in] and {did not know anybody|had no friends yet}."),
            ("{What did [friend] bring?|What did [friend] give [hero]?}", "[Friend] brought {#gift:a plate of cookies|a bunch of flowers|a jar of jam}."),
            ("{What did they play?|What did they do together?}", "They {#play:played hide and seek|drew pictures with chalk|built a house of leaves}."),
            ("{Who knocked at the door?|Who came to the door?}", "It was [friend], a [ftrait] [fkind]."),
        ],
    };
}
