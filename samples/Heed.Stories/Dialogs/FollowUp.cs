using Heed.Stories.Telling;
using Heed.Stories.Text;

namespace Heed.Stories.Dialogs;

/// <summary>Questions about a story that was just told, with the answers that its scene knows.</summary>
internal static class FollowUp
{
    private static readonly IReadOnlyList<(string Ask, string Answer)> General =
    [
        ("{What was the [kind] called?|What was the name of the [kind]?|What was the [kind]'s name?|Who was the [kind]?}", "The [kind] was {called|named} [hero]."),
        ("{Who was [hero]?|What was [hero]?}", "[Hero] was a [kind]{| who lived [in]}."),
        ("{Where did [hero] live?|Where was [hero]'s home?|Where did the story happen?|Where was it?}", "{[Hero] lived [in]|It was [in], where [hero] lived}."),
        ("{Who was [hero]'s friend?|Who was the friend?|Did [hero] have a friend?|Who was [his] best friend?}", "{[Hero]'s friend was [friend], a [fkind]|[His] friend was a [fkind] {named|called} [friend]}."),
        ("{Who was [friend]?|What was [friend]?}", "[Friend] was a [fkind] and [hero]'s friend."),
        ("{What was the [fkind] called?|What was the name of the [fkind]?}", "The [fkind] was {called|named} [friend]."),
    ];

    private static readonly (string Ask, string Answer) AboutThing = ("{What did the [thing] look like?|What was the [thing] like?|What kind of [thing] was it?}", "It was a [adj] [thing].");

    /// <summary>A question and its right answer.</summary>
    public static (string Ask, string Answer) Make(Story story, SplitMix random)
    {
        Scene scene = story.Scene;
        List<(string Ask, string Answer)> from = story.Whole && random.Chance(65) ? [.. scene.Plot.Questions] : [.. General];
        if (scene.Thing is not null && random.Chance(15)) from = [AboutThing];
        (string ask, string answer) = random.Pick(from);
        return (scene.Write(ask, random), scene.Write(answer, random));
    }
}
