using Heed.Stories.Telling;
using Heed.Stories.World;

namespace Heed.Stories.Plots;

/// <summary>Somebody breaks a thing, hides it, and tells the truth in the end.</summary>
internal static class BrokenThing
{
    public static readonly Plot Plot = new("broken thing", [Theme.Truth, Theme.Sorry, Theme.Brave],
    [
        "[Friend] had a [adj] [thing]. {?[Fhe] {had got it from [fhis] grandfather|loved it dearly}.} {?{\"Please be careful with it,\" [fhe] {said|always said}.|[Fhe] kept it on {a shelf|the window sill}.}} {One day|One afternoon}, {when [friend] was out|while [friend] was away}, [hero] {wanted to [use]|took it to have a look at it}. {?\"Only for a moment,\" [he] thought.}",
        "But {it slipped|it fell} {from [his] hands|to the floor}. {Crack!|Crash!|Snap!} The [thing] was broken. {#part:A piece had come off|It had a long crack|It was in two parts}. {?{[Hero] {turned pale|went cold|held [his] breath}.|\"Oh no!\" {whispered|said} [hero].}} {?{Nobody had seen it.|[He] looked around. Nobody was there.}}",
        "{Quickly|Very quickly}, [he] hid the [thing] {#hide:under the bed|behind the curtain|at the bottom of a box}. {When [friend] came {back|home}, [fhe] asked: \"Where is my [thing]?\"|\"Have you seen my [thing]?\" asked [friend].} \"{I don't know|Maybe the cat took it},\" said [hero]. {?{But [his] {ears turned red|voice was very small}.|[He] did not look up.}}",
        "That night, [hero] could not sleep. {[His] tummy hurt.|[He] turned from one side to the other.|The moon looked in, and [he] hid under the blanket.} {?[He] thought of [friend], who was still {looking|searching}.} {?{In the morning|At last}, [he] went to [newhelper] and told [whim] everything. \"{The truth is heavy at first and light afterwards|A lie grows, but the truth makes you free},\" said [helper].}",
        "{So [hero]|[H] was afraid, but [he]} took the [thing] and went to [friend]. \"I must tell you the truth,\" [he] said. \"I {dropped|broke} your [thing], and then I hid it {#hide:under the bed|behind the curtain|at the bottom of a box}. I am {so |very |}sorry.\"",
        "{?[Friend] {was quiet for a while|looked at the [thing] for a long time|was sad at first}.} {\"{That was brave of you|It was brave to tell me},\" said [friend].|\"I am not happy about the [thing],\" said [friend], \"but it was brave of you to tell me.\"} {\"{Come|Look}, we can mend it {together|with glue},\" [fhe] said.|\"Will you help me mend it?\" [fhe] asked.} {?{And they did.|They worked {all morning|until noon}.}} {#part:Soon the piece was back in its place|Soon the crack could hardly be seen|Soon the two parts were one again}.",
        "{?{[Hero] felt as light as {a feather|a cloud}.|That night, [hero] slept {very well|like a stone}.}} {[He] had learned that telling the truth is {brave|better than hiding}.|\"From now on I will always tell the truth,\" [he] said.} {?And the [thing] was {even dearer to them than before|never broken again}.}",
    ])
    {
        Uses = ThingUse.Breakable,
        Spare = [6],
        Questions =
        [
            ("{What did [hero] break?|What was broken?}", "[Hero] broke [friend]'s [adj] [thing]."),
            ("{Where did [hero] hide it?|Where was the [thing] hidden?}", "[He] hid it {#hide:under the bed|behind the curtain|at the bottom of a box}."),
            ("{Why could [hero] not sleep?|Why did [hero] feel bad?}", "{Because [he]|[He]} had broken the [thing] and had not told [friend] the truth."),
            ("{Was [friend] angry?|What did [friend] say?}", "[Friend] {said that it was brave to tell the truth|was sad at first, but said it was brave to tell the truth}, and they mended the [thing] together."),
        ],
    };
}
