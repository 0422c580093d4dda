using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Heed.Stories.Commands;
using Heed.Stories.Text;

namespace Heed.Stories.Tests;

public class CorpusTests
{
    [Fact]
    public void SplitMix_SeedZero_GivesThePublishedNumbers()
    {
        SplitMix random = new(0);
        random.NextBits().ShouldBe(0xE220A8397B1DCDAFUL);
        random.NextBits().ShouldBe(0x6E789E6AA1B965F4UL);
    }

    [Fact]
    public void Write_SameSeed_WritesTheSameBytes()
    {
        Corpus(1, 300).ShouldBe(Corpus(1, 300));
        Corpus(1, 300).ShouldNotBe(Corpus(2, 300));
        Corpus(1, 300).ShouldStartWith(Corpus(1, 100));
    }

    [Fact]
    public void Write_Text_SeparatesStoriesByOneBlankLine()
    {
        string corpus = Corpus(5, 200);
        corpus.Split("\n\n").Length.ShouldBe(200);
        corpus.ShouldNotContain("\n\n\n");
        corpus.ShouldEndWith("\n");
        corpus.ShouldNotEndWith("\n\n");
        corpus.ShouldNotContain('\r');
    }

    [Fact]
    public void Write_JsonLines_HasTheSameStories()
    {
        using StringWriter writer = new();
        CorpusCommand.Write(writer, 5, 200, jsonLines: true);
        IEnumerable<string> texts = writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()!);
        (string.Join("\n\n", texts) + "\n").ShouldBe(Corpus(5, 200));
    }

    [Fact]
    public async Task Run_CommandLine_WritesBothFiles()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        string stories = Path.Combine(folder, "stories.txt"), dialogs = Path.Combine(folder, "dialogs.jsonl");
        (await StoriesCommandLine.RunAsync(["corpus", "--seed", "5", "--count", "20", "--out", stories])).ShouldBe(0);
        (await StoriesCommandLine.RunAsync(["dialogs", "--seed", "5", "--count", "20", "--out", dialogs])).ShouldBe(0);
        SHA256.HashData(File.ReadAllBytes(stories)).ShouldBe(SHA256.HashData(Encoding.UTF8.GetBytes(Corpus(5, 20))));
        File.ReadAllLines(dialogs).Length.ShouldBe(20);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Write_DialogsAsText_HasALineForEachMessage()
    {
        using StringWriter text = new(), json = new();
        DialogsCommand.Write(text, 5, 50, asText: true);
        DialogsCommand.Write(json, 5, 50, asText: false);
        IEnumerable<string> expected = json.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
            string.Join('\n', JsonDocument.Parse(line).RootElement.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("content").GetString())));
        text.ToString().TrimEnd().Split("\n\n").ShouldBe(expected);
    }

    [Fact]
    public void Write_Lessons_AreOfEveryKindAndTheSameForASeed()
    {
        using StringWriter once = new(), again = new();
        LessonsCommand.Write(once, 3, 300);
        LessonsCommand.Write(again, 3, 300);
        string[] lessons = once.ToString().TrimEnd().Split("\n\n");
        again.ToString().ShouldBe(once.ToString());
        lessons.Length.ShouldBe(300);
        int talks = lessons.Count(lesson => lesson.Contains('\n')), echoes = lessons.Count(lesson => !lesson.Contains('.'));
        talks.ShouldBeInRange(100, 200);
        echoes.ShouldBeInRange(30, 100);
    }

    private static string Corpus(ulong seed, int count)
    {
        using StringWriter writer = new();
        CorpusCommand.Write(writer, seed, count, jsonLines: false);
        return writer.ToString();
    }
}
