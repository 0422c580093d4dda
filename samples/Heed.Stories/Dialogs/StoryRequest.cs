using Heed.Stories.Telling;
using Heed.Stories.Text;
using Heed.Stories.World;

namespace Heed.Stories.Dialogs;

/// <summary>What a user says to get a story, and the wish behind it.</summary>
internal sealed record StoryRequest(string Text, StoryWish Wish)
{
    private const int MostWords = 175;
    private const int ShortWords = 125;
    private static readonly IReadOnlyList<string> Subjects =
    [
        "a [kind]", "a [kind]", "a [trait] [kind]", "a [kind] and a [fkind]", "a [kind] and a [fkind]", "a [kind] {and|with} a [thing]", "a [kind] and a [thing]",
        "a [kind] {and|with} a [thing]", "a [thing]", "{[theplace]|a [placenoun]}", "a [kind] [in]", "a [kind] {named|called} [name]", "a [kind] {named|called} [name]",
        "[name] the [kind]", "[theme]", "[theme]", "[theme] and a [kind]", "a [kind] {named|called} [name] and a [thing]", "a [kind] and a [fkind] [in]",
    ];

    private static readonly IReadOnlyList<string> Asking = ["Can", "Could", "Will", "Would", "Do", "May"];
    private const string Frames =
        "{{Tell me|Please tell me|Can you tell me|Could you tell me|Will you tell me|I want you to tell me|Would you tell me|Now tell me} a [size]story about [subject]" +
        "|{Write|Write me|Please write|Make up|Can you write|Can you make up|Give me|Could you write} a [size]story about [subject]" +
        "|{I want|I would like|I'd like|I want to hear|I would love|May I have|Can I have|Can I hear|I'd love to hear|Let me hear} a [size]story about [subject]" +
        "|{A [size]story about [subject], please|A [size]story about [subject]|Story about [subject]|Do you know a [size]story about [subject]|Do you have a [size]story about [subject]|Once more, a [size]story about [subject]}}";

    private const string FreeFrames =
        "{{Tell me|Please tell me|Can you tell me|Could you tell me|Write|Write me|I want|I would like|I'd like|May I have|Give me} a [size]story{|, please}|A [size]story{|, please}|{Story time|Surprise me|Tell me something|Tell me anything|I am bored|I can't sleep}}";

    public static StoryRequest Make(SplitMix random, bool brief)
    {
        if (random.Chance(10)) return Free(random, brief);
        string subject = random.Pick(Subjects);
        StoryWish wish = WishFor(subject, random);
        return Ask(Frames, subject, wish, random, brief);
    }

    public static StoryRequest Another(SplitMix random, bool brief)
    {
        Kind kind = random.Pick(Kinds.All);
        const string frames = "{Tell me another {one|story} about [subject]|{Another|Another one|Another story} about [subject]{|, please}|Now one about [subject]{|, please}|Can you tell one about [subject], too|And {now |}a story about [subject]|One more, about [subject]}";
        return Ask(frames, "a [kind]", new StoryWish { Hero = kind }, random, brief);
    }

    public static StoryRequest Offered(StoryWish offer, SplitMix random, bool brief) =>
        Ask("{Yes, please|Yes|Oh yes|Yes, tell me|Okay|Sure|Good idea|That sounds nice|Yes, I would like that}", "", offer, random, brief);

    public static StoryRequest More(SplitMix random, bool brief) =>
        Ask("{Another one, please|Another one|Another story, please|One more|One more story, please|Tell me another one|Again, please|Can I have another one|Do you know another one|More, please}", "", new StoryWish(), random, brief);

    private static StoryRequest Free(SplitMix random, bool brief) => Ask(FreeFrames, "", new StoryWish(), random, brief);

    private static StoryWish WishFor(string subject, SplitMix random)
    {
        Kind hero = random.Pick(Kinds.All);
        StoryWish wish = new();
        if (subject.Contains("[kind]")) wish = wish with { Hero = hero };
        if (subject.Contains("[trait]")) wish = wish with { Trait = random.Pick(Kinds.Traits) };
        if (subject.Contains("[fkind]")) wish = wish with { Friend = random.Pick(Kinds.All.Where(kind => kind != hero).ToList()) };
        if (subject.Contains("[thing]")) wish = wish with { Thing = random.Pick(Things.All) };
        if (subject.Contains("[theme]")) wish = wish with { Theme = random.Pick(Plots.Library.Plots.SelectMany(plot => plot.Themes).Distinct().ToList()) };
        if (subject.Contains("place]") || subject.Contains("placenoun") || subject.Contains("[in]")) wish = wish with { Place = random.Pick(Places.All) };
        if (!subject.Contains("[name]")) return wish;
        Pronouns pronouns = hero.Only ?? (random.Chance(50) ? Pronouns.Male : Pronouns.Female);
        return wish with { Pronouns = pronouns, Name = random.Pick(Names.For(pronouns)) };
    }

    private static StoryRequest Ask(string frames, string subject, StoryWish wish, SplitMix random, bool brief)
    {
        brief |= random.Chance(12);
        bool asksSize = frames.Contains("[size]");
        bool asksLong = asksSize && !brief && random.Chance(6);
        string size = asksLong ? "long " : asksSize && brief && random.Chance(45) ? "{short |little |very short }" : "{||||nice |funny |new |good |bedtime }";
        wish = wish with { Fullness = brief ? 0 : asksLong ? 100 : null, LeastWords = 50, MostWords = brief ? ShortWords + 30 : MostWords };
        string template = frames.Replace("[size]", size).Replace("[subject]", subject);
        Template words = new(slot => Word(slot, wish), [], random, fullness: 50);
        return new StoryRequest(Spoken(words.Write(template), random), wish);
    }

    private static string Word(string slot, StoryWish wish) => slot switch
    {
        "kind" => wish.Hero!.Noun,
        "fkind" => wish.Friend!.Noun,
        "thing" => wish.Thing!.Noun,
        "theplace" => "the " + wish.Place!.Noun,
        "placenoun" => wish.Place!.Noun,
        "in" => wish.Place!.In,
        "name" => wish.Name!,
        "theme" => wish.Theme!.Phrase,
        "trait" => wish.Trait!,
        _ => throw new InvalidOperationException($"A request has no word for [{slot}]."),
    };

    /// <summary>As people type: with or without the stop, sometimes without the capital.</summary>
    internal static string Spoken(string text, SplitMix random)
    {
        bool question = Asking.Contains(text.Split(' ')[0]);
        if (char.IsAsciiLetter(text[^1]) && random.Chance(65)) text += question ? "?" : random.Chance(12) ? "!" : ".";
        bool lower = random.Chance(12) && text[1] is not (' ' or '\'');
        return lower ? char.ToLowerInvariant(text[0]) + text[1..] : text;
    }
}
