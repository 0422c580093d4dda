using System.Text.RegularExpressions;
using Heed.Stories.Plots;
using Heed.Stories.Telling;
using Heed.Stories.Text;
using Heed.Stories.World;

namespace Heed.Stories.Tests;

public class StoryTextTests(Tales tales) : IClassFixture<Tales>
{
    [Theory]
    [InlineData(@"[\[\]{}|#?]{2}|[\[\]{}|#]")] // nothing of a template left over
    [InlineData("\n|  ")]
    [InlineData(@"[.!?,][.,]|[.!?] [a-z]| [.,!?]|\? ?!|""""")] // stops, blanks and capitals
    [InlineData(@"^[^A-Z""]")]
    [InlineData(@"[^.!?""]$")]
    public void Tell_AnyStory_HasNoFlaw(string flaw)
    {
        foreach (Story story in tales.All) Regex.Match(story.Text, flaw).Value.ShouldBe("", story.Text);
    }

    [Fact]
    public void Tell_AnyStory_ClosesItsQuotes()
    {
        foreach (Story story in tales.All) (story.Text.Count(c => c == '"') % 2).ShouldBe(0, story.Text);
    }

    [Fact]
    public void Tell_AnyStory_UsesTheRightArticle()
    {
        foreach (Story story in tales.All)
        {
            foreach (Match match in Regex.Matches(story.Text, @"\b([Aa]n?) (\w+)"))
            {
                bool vowel = "aeiou".Contains(match.Groups[2].Value[0]) && !match.Groups[2].Value.StartsWith("uni", StringComparison.Ordinal);
                bool an = vowel || match.Groups[2].Value is "honest" or "hour";
                match.Groups[1].Value.ToLowerInvariant().ShouldBe(an ? "an" : "a", $"{match.Value} in {story.Text}");
            }
        }
    }

    [Fact]
    public void Tell_AnyStory_IsFrom60To180Words()
    {
        foreach (Story story in tales.All) Prose.CountWords(story.Text).ShouldBeInRange(60, 180);
    }

    [Fact]
    public void Tell_AnyStory_NamesHeroFriendAndPlace()
    {
        foreach (Story story in tales.All)
        {
            story.Text.ShouldContain(story.Scene.Hero.Name);
            story.Text.ShouldContain($"{story.Scene.Friend.Kind.Noun}");
            story.Text.ShouldContain(story.Scene.Friend.Name);
            story.Text.ShouldContain(story.Scene.Place.Noun);
            story.Scene.Hero.Name.ShouldNotBe(story.Scene.Friend.Name);
        }
    }

    [Fact]
    public void Tell_AllCharactersAlike_HasNoOtherPronoun()
    {
        int seen = 0;
        foreach (Story story in tales.All)
        {
            Scene scene = story.Scene;
            if (scene.Plot.Name == "delivery" || scene.Friend.Pronouns != scene.Hero.Pronouns || scene.Helper.Pronouns != scene.Hero.Pronouns) continue;
            seen++;
            string other = scene.Hero.Pronouns == Pronouns.Male ? @"\b(she|her|herself)\b" : @"\b(he|him|his|himself)\b";
            Regex.Match(story.Text, other, RegexOptions.IgnoreCase).Value.ShouldBe("", story.Text);
        }
        seen.ShouldBeGreaterThan(50);
    }

    [Fact]
    public void Tell_LostThing_TheLostThingIsFound()
    {
        foreach (Story story in tales.All.Where(story => story.Scene.Plot == LostThing.Plot))
        {
            string thing = story.Scene.Thing!.Noun;
            story.Text.ShouldMatch($"(could not find the|the|reached for the) {thing}.* (lay|was) the \\w+(-\\w+)? {thing}");
        }
    }

    [Fact]
    public void Tell_Openings_FourInTenOnceUponATime()
    {
        tales.All.Count(story => story.Text.StartsWith("Once upon a time", StringComparison.Ordinal)).ShouldBeInRange(720, 880);
    }

    [Fact]
    public void Tell_ManyStories_AreDistinctAndVaried()
    {
        tales.All.Select(story => story.Text).Distinct().Count().ShouldBeGreaterThanOrEqualTo(1998);
        string[] sentences = [.. tales.All.SelectMany(story => Regex.Split(story.Text, @"(?<=[.!?]""?) (?=[A-Z""])"))];
        ((double)sentences.Distinct().Count() / sentences.Length).ShouldBeGreaterThan(0.45);
    }

    [Fact]
    public void Tell_AllPlots_AreTold()
    {
        foreach (Plot plot in Library.Plots) tales.All.Count(story => story.Scene.Plot == plot).ShouldBeGreaterThan(40, plot.Name);
    }

    [Fact]
    public void Write_EveryTemplateAndQuestion_KnowsItsWords()
    {
        foreach (Story story in tales.All.Take(500))
        {
            foreach ((string ask, string answer) in story.Scene.Plot.Questions)
            {
                SplitMix random = new(3);
                string text = story.Scene.Write(ask, random) + " " + story.Scene.Write(answer, random);
                text.ShouldMatch(@"^[A-Z][^\[\]{}|#]*\? .*\.$");
            }
        }
    }
}
