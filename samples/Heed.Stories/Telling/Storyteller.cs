using Heed.Stories.Plots;
using Heed.Stories.Text;
using Heed.Stories.World;

namespace Heed.Stories.Telling;

/// <summary>Casts a story as it is wished and tells it.</summary>
internal static class Storyteller
{
    private const int OnceUponATimePercent = 40;
    private const int BriefPercent = 25;
    private const int MostTries = 200;
    private const int TriesPerScene = 6;

    public static Story Tell(SplitMix random, StoryWish wish)
    {
        for (int tries = 0; tries < MostTries; tries++)
        {
            // Some themes come up only in sentences that a brief telling leaves out.
            StoryWish told = tries < MostTries / 2 ? wish : wish with { Fullness = null };
            if (Fitted(Cast(random, told), random, told) is Story story) return story;
        }
        throw new InvalidOperationException($"No story of {wish.LeastWords} to {wish.MostWords} words for {wish}.");
    }

    /// <summary>The first sentences of a story: hero, friend, and what happens until the thing that was wished is there.</summary>
    public static Story Open(SplitMix random, StoryWish wish)
    {
        Scene scene = Cast(random, wish);
        int fullness = random.Next(101);
        IEnumerable<string> friend = scene.Plot.OwnFriend ? [] : [Frame.Friend];
        string text = "";
        foreach (string part in friend.Prepend(Opening(random)).Concat(scene.Plot.Stages))
        {
            text = (text + " " + scene.Write(part, random, fullness)).Trim();
            bool met = text.Contains(scene.Friend.Name, StringComparison.Ordinal);
            if (met && (scene.Thing is null || text.Contains(scene.Thing.Noun, StringComparison.Ordinal))) break;
        }
        return new Story(text, scene, Whole: false);
    }

    /// <summary>The same story again in at most <paramref name="mostWords"/> words, or the shortest that was found.</summary>
    public static Story Shorten(Story story, SplitMix random, int mostWords)
    {
        Story shortest = story;
        for (int tries = 0; tries < 20 && Prose.CountWords(shortest.Text) > mostWords; tries++)
        {
            Story again = Tell(story.Scene, random, fullness: 0, brief: true);
            if (Prose.CountWords(again.Text) < Prose.CountWords(shortest.Text)) shortest = again;
        }
        return shortest;
    }

    /// <summary>Tells with more or fewer optional sentences until the length is right; null when the theme got lost or it never is.</summary>
    private static Story? Fitted(Scene scene, SplitMix random, StoryWish wish)
    {
        int fullness = wish.Fullness ?? (random.Chance(BriefPercent) ? 0 : random.Next(81));
        for (int tries = 0; tries < TriesPerScene; tries++)
        {
            Story story = Tell(scene, random, fullness, brief: fullness == 0);
            int words = Prose.CountWords(story.Text);
            bool about = wish.Theme is null || story.Text.Contains(wish.Theme.Keyword, StringComparison.OrdinalIgnoreCase);
            if (about && words >= wish.LeastWords && words <= wish.MostWords) return story;
            if (words > wish.MostWords) fullness = fullness / 2;
            else if (words < wish.LeastWords) fullness = 100;
        }
        return null;
    }

    private static string Opening(SplitMix random) => random.Chance(OnceUponATimePercent) ? Frame.OnceUponATime : random.Pick(Frame.Openings);

    private static Story Tell(Scene scene, SplitMix random, int fullness, bool brief)
    {
        Plot plot = scene.Plot;
        List<string> parts = [Opening(random)];
        bool weather = !plot.OwnWeather && !scene.Place.Indoors && random.Chance(fullness);
        if (weather) parts.Add(scene.Weather.Sky + ".");
        if (!plot.OwnFriend) parts.Add(brief ? Frame.BriefFriend : Frame.Friend);
        int left = brief ? plot.Spare.Count : random.Chance(20 + fullness) ? 0 : random.Next(plot.Spare.Count + 1);
        parts.AddRange(plot.Stages.Where((_, i) => !plot.Spare.Take(left).Contains(i)));
        if (weather && random.Chance(40)) parts.Add(scene.Weather.Later + ".");
        parts.Add(brief ? Frame.BriefEnding : Frame.Ending);
        string text = string.Join(' ', parts.Select(part => scene.Write(part, random, fullness)).Where(part => part.Length > 0));
        return new Story(text, scene, Whole: left == 0);
    }

    private static Scene Cast(SplitMix random, StoryWish wish)
    {
        Plot plot = random.Pick(Library.Plots.Where(plot => Fits(plot, wish)).ToList());
        Character hero = Somebody(random, wish.Hero, wish.Name, wish.Pronouns, wish.Friend is null ? [] : [wish.Friend.Noun], []);
        if (wish.Trait is not null) hero = hero with { Trait = wish.Trait };
        // Mostly one is he and the other she, which keeps the words that stand for them apart.
        Pronouns other = random.Chance(80) == (hero.Pronouns == Pronouns.Male) ? Pronouns.Female : Pronouns.Male;
        Character friend = Somebody(random, wish.Friend, null, other, [hero.Kind.Noun], [hero.Name, hero.Trait]);
        Helper helper = random.Pick(Helper.All.Where(h => h.Noun != hero.Kind.Noun && h.Noun != friend.Kind.Noun).ToList());
        Place place = wish.Place ?? random.Pick(Places.All.Where(place => !place.Indoors || !plot.Outdoors).ToList());
        Thing? thing = plot.Uses == ThingUse.None ? null : wish.Thing ?? random.Pick(Things.All.Where(thing => thing.Serves(plot.Uses)).ToList());
        return new Scene(plot, hero, friend, helper, place, random.Pick(plot.OwnWeather ? Weather.Mild : Weather.All), thing, random);
    }

    private static bool Fits(Plot plot, StoryWish wish) =>
        (wish.Theme is null || plot.Themes.Contains(wish.Theme)) &&
        (wish.Place is not { Indoors: true } || !plot.Outdoors) &&
        (wish.Thing is null || (plot.Uses != ThingUse.None && wish.Thing.Serves(plot.Uses)));

    private static Character Somebody(SplitMix random, Kind? wished, string? name, Pronouns? pronouns, string[] otherKinds, string[] used)
    {
        Kind kind = wished ?? AnyKind(random, pronouns, otherKinds);
        pronouns = kind.Only ?? pronouns ?? (random.Chance(50) ? Pronouns.Male : Pronouns.Female);
        name ??= random.Pick(Names.For(pronouns).Where(n => !used.Contains(n)).ToList());
        string trait = random.Pick(Kinds.Traits.Where(t => !used.Contains(t)).ToList());
        return new Character(name, kind, trait, pronouns);
    }

    private static Kind AnyKind(SplitMix random, Pronouns? pronouns, string[] others)
    {
        IReadOnlyList<Kind> from = random.Next(100) switch { < 68 => Kinds.Animals, < 88 => Kinds.People, _ => Kinds.Wonders };
        return random.Pick(from.Where(kind => !others.Contains(kind.Noun) && (kind.Only is null || pronouns is null || kind.Only == pronouns)).ToList());
    }
}
