using System.Text.Json;
using System.Text.RegularExpressions;
using Heed.Stories.Dialogs;
using Heed.Stories.Telling;
using Heed.Stories.Text;

namespace Heed.Stories.Tests;

public class DialogTests
{
    private static readonly IReadOnlyList<Dialog> Dialogs = [.. Enumerable.Range(0, 3000).Select(i => DialogWriter.Write(SplitMix.ForItem(21, (ulong)i)))];

    [Fact]
    public void Write_StoryAskedFor_HasWhatWasAsked()
    {
        int stories = 0;
        foreach (Dialog dialog in Dialogs)
        {
            for (int turn = 0; turn < dialog.Wishes.Count; turn++)
            {
                if (dialog.Wishes[turn] is not StoryWish wish) continue;
                stories++;
                string answer = dialog.Messages[2 * turn + 1].Content;
                string?[] wanted = [wish.Hero?.Noun, wish.Name, wish.Friend?.Noun, wish.Thing?.Noun, wish.Place?.Noun, wish.Theme?.Keyword, wish.Trait];
                foreach (string? word in wanted.Where(word => word is not null)) answer.ShouldContain(word!, Case.Insensitive, dialog.Messages[2 * turn].Content);
            }
        }
        stories.ShouldBeGreaterThan(2000);
    }

    [Fact]
    public void Write_RequestNamesTheWish_WordForWord()
    {
        foreach (Dialog dialog in Dialogs.Where(dialog => dialog.Wishes[0]?.Hero is not null))
        {
            StoryWish wish = dialog.Wishes[0]!;
            string ask = dialog.Messages[0].Content;
            ask.ShouldContain(wish.Hero!.Noun);
            if (wish.Name is not null) ask.ShouldContain(wish.Name);
            if (wish.Thing is not null) ask.ShouldContain(wish.Thing.Noun);
        }
    }

    [Fact]
    public void Write_AnyDialog_TakesTurnsAndStaysShort()
    {
        foreach (Dialog dialog in Dialogs)
        {
            dialog.Messages.Count.ShouldBeInRange(2, 6);
            dialog.CountWords().ShouldBeLessThanOrEqualTo(DialogWriter.MostWords);
            for (int i = 0; i < dialog.Messages.Count; i++) dialog.Messages[i].Role.ShouldBe(i % 2 == 0 ? "user" : "assistant");
        }
    }

    [Fact]
    public void Write_AnyMessage_HasNoFlaw()
    {
        foreach (Message message in Dialogs.SelectMany(dialog => dialog.Messages))
        {
            Regex.Match(message.Content, @"[\[\]{}|#]|  |\n| [.,!?]|[.!,][.,]|\b[Aa] [aeio]|^ | $|^$").Value.ShouldBe("", message.Content);
        }
    }

    [Fact]
    public void Write_QuestionForTheName_IsAnsweredFromTheStory()
    {
        int asked = 0;
        foreach (Dialog dialog in Dialogs)
        {
            for (int i = 2; i < dialog.Messages.Count; i += 2)
            {
                Match answer = Regex.Match(dialog.Messages[i + 1].Content, @"^The (.+) was (called|named) (\w+)\.$");
                if (!answer.Success) continue;
                asked++;
                dialog.Messages[1].Content.ShouldContain(answer.Groups[1].Value);
                dialog.Messages[1].Content.ShouldContain(answer.Groups[3].Value);
            }
        }
        asked.ShouldBeGreaterThan(50);
    }

    [Fact]
    public void Write_ShorterAskedFor_IsShorterAndOfTheSameHero()
    {
        int asked = 0;
        foreach (Dialog dialog in Dialogs.Where(dialog => dialog.Messages.Count >= 4))
        {
            if (!Regex.IsMatch(dialog.Messages[2].Content, "shorter|too long|fewer words", RegexOptions.IgnoreCase)) continue;
            asked++;
            Prose.CountWords(dialog.Messages[3].Content).ShouldBeLessThan(Prose.CountWords(dialog.Messages[1].Content));
        }
        asked.ShouldBeGreaterThan(20);
    }

    [Fact]
    public void ToJson_AnyDialog_IsOneObjectOnOneLine()
    {
        foreach (Dialog dialog in Dialogs.Take(200))
        {
            string line = dialog.ToJson();
            line.ShouldNotContain('\n');
            JsonElement messages = JsonDocument.Parse(line).RootElement.GetProperty("messages");
            messages.GetArrayLength().ShouldBe(dialog.Messages.Count);
            messages[1].GetProperty("content").GetString().ShouldBe(dialog.Messages[1].Content);
        }
    }
}
