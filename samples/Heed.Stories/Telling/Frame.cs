namespace Heed.Stories.Telling;

/// <summary>What plots have in common: how a story opens, meets its friend and ends.</summary>
internal static class Frame
{
    public const string OnceUponATime =
        "Once upon a time, {there was a [trait] [kind] named [hero] {who lived [in]|whose home was [in]}|{[in]|[home]}, there lived a [trait] [kind] named [hero]|a [trait] [kind] {named|called} [hero] lived [in]|there lived a [trait] [kind] {[in]. [His] name was [hero]|named [hero] [in]}}.";

    public static readonly IReadOnlyList<string> Openings =
    [
        "One [weather] {morning|day|afternoon}, a [trait] [kind] {named|called} [hero] {was out and about|went for a walk|was playing} [in].",
        "{Long ago|A long time ago|Many years ago}, {there was a [trait] [kind] named [hero] who lived [in]|a [trait] [kind] called [hero] lived [in]}.",
        "[Hero] was a [trait] [kind] who lived [in].",
        "{This is the story of|Let me tell you about} [hero], a [trait] [kind] {who lived|whose home was} [in].",
        "There {once was|was once} a [trait] [kind] named [hero]. [He] lived [in].",
        "[Hero] the [kind] lived [in]. [He] was {very|a bit|always} [trait].",
        "{Not so long ago|One [weather] day|In a time of stories}, there was a [trait] [kind] {named|called} [hero]. [He] lived {right |}[in].",
        "[Home] lived a [trait] [kind] {named|called} [hero].",
        "{Everybody|Everyone} [in] knew [hero], {the [trait] [kind]|a [trait] [kind]}.",
        "It was a [weather] {morning|day} [in]. A [trait] [kind] named [hero] {opened [his] eyes and smiled|could not wait to go out|was {humming|singing} a little song}.",
    ];

    public const string Friend =
        "{{[His] best friend was|[Hero]'s best friend was|[He] had a good friend,} a [ftrait] [fkind] {named|called} [friend].|[Hero] {often|always} {played|sat and talked|went walking} with [his] friend [friend], a [ftrait] [fkind].|[He] {had a friend named|was best friends with} [friend], {a [ftrait] [fkind]|who was a [ftrait] [fkind]}.}";

    public const string BriefFriend = "{[His] friend was|[His] best friend was} [friend], a [fkind].";

    public const string BriefEnding = "{The end.|And they were happy.|What a day!|}";

    public const string Ending =
        "{From that day on, [hero] and [friend] were {the best of friends|closer than ever|always together}.|And {they|[hero] and [friend]} {lived happily ever after|laughed about it for a long, long time|never forgot that day}.|{That night|That evening}, {[h] fell asleep with a smile|[hero] dreamed {sweet|happy|wonderful} dreams|[hero] told the whole story to the moon}.|{Then they went home and had {hot soup|warm milk and cookies|pancakes with honey|a big pot of tea}|Hand in hand, they walked home}.|And if you {ever come to|visit} [place], {you may still hear them laugh|you may meet them there}.|It was the best day {ever|of all|they could remember}.}{ The end.||}";
}
