using Heed.Stories.Telling;

namespace Heed.Stories.Plots;

/// <summary>A small creature is found, cared for and set free.</summary>
internal static class SmallCreature
{
    public static readonly Plot Plot = new("small creature", [Theme.Kindness, Theme.Sad, Theme.Helping],
    [
        "{One day|One morning}, [hero] heard a {tiny|soft|faint} sound. {[He] looked around|[He] followed it}, and there, [spot], sat {#pet:a baby bird|a little duckling|a tiny bat|a small hedgehog|a young squirrel}. {#hurt:Its leg was hurt|It was cold and wet|It had lost its mother}. {?It looked up with {big|round} dark eyes.}",
        "\"{Oh, you poor thing|You poor little one}!\" said [hero]. {?{[He] {took off [his] cap|fetched a soft cloth} and {made a nest|put the little one inside}.|Very gently, [he] picked it up.}} {?\"{What shall we do|Can we keep it}?\" {asked|said} [friend]. \"{First it needs {help|to get well}|We must take good care of it},\" said [hero].}",
        "{?{First they gave it bread, but it would not eat.|First they sang to it, but it only shivered.}} {So|Then} they {asked|went to} [newhelper]. \"{#care:Give it warm milk from a spoon|Give it soft berries|Give it oats with honey}, and {keep it warm|let it sleep near the stove},\" said [helper]. {?\"And {be quiet|speak softly}. Little ones need {rest|sleep}.\"}",
        "{So|And so} they {gave it {#care:warm milk from a spoon|soft berries|oats with honey}|did what [helper] had said}{ every day| each morning and each night|}. {They called it {#name:Dot|Button|Pebble|Crumb}.|They gave it a name: {#name:Dot|Button|Pebble|Crumb}.} {?{At night, [h] got up to look if it was warm.|[Friend] built it a little bed out of {a box|a shoe}.}} {Day by day|Slowly}, it {grew stronger|got better}.",
        "{Then|After two weeks|One morning}, {#name:Dot|Button|Pebble|Crumb} was {well again|strong and well}. {#pet:It flapped its wings and wanted to fly|It quacked and wanted to swim|It stretched its wings and wanted to fly|It sniffed the air and wanted to go outside|It jumped from chair to chair and wanted to climb}. {?\"{It wants to go home|It is time to say goodbye},\" said [friend].} [Hero] {felt|was} sad, {but [he] nodded|but [he] knew that it was right}.",
        "{?They {carried it|took it} back {to the place where they had found it|outside}.} {#pet:Up it flew into the air|Off it swam across the water|Up it flew into the evening sky|Off it ran into the leaves|Up it ran, high into a tree}. {?At the last moment, it {turned around|looked back} {once|once more}.} \"Goodbye, {#name:Dot|Button|Pebble|Crumb}!\" {called|cried} [hero].",
        "{?{And every {morning|spring}, {#name:Dot|Button|Pebble|Crumb} came to {visit them|say hello}.|The next morning, {#name:Dot|Button|Pebble|Crumb} sat at the window and said hello.}} {\"You see,\" said [friend], \"if you are kind, {nobody goes away for good|you get a friend for life}.\"|[Hero] had learned that being kind sometimes means letting go.}",
    ])
    {
        Spare = [1],
        Questions =
        [
            ("{What did [hero] find?|Who did [hero] find?}", "[Hero] found {#pet:a baby bird|a little duckling|a tiny bat|a small hedgehog|a young squirrel}."),
            ("{What was wrong with it?|Why did it need help?}", "{#hurt:Its leg was hurt|It was cold and wet|It had lost its mother}."),
            ("{What did they call it?|What was its name?}", "They called it {#name:Dot|Button|Pebble|Crumb}."),
            ("{What did it eat?|What did they give it?}", "They gave it {#care:warm milk from a spoon|soft berries|oats with honey}."),
            ("Why was [hero] sad?", "[He] was sad because {#name:Dot|Button|Pebble|Crumb} wanted to go home and [he] had to say goodbye."),
        ],
    };
}
