using System.CommandLine;

namespace Heed.Stories.Commands;

/// <summary>The commands: lessons, corpus, dialogs and score.</summary>
internal static class StoriesCommandLine
{
    public static Task<int> RunAsync(string[] args)
    {
        RootCommand root = new("Writes the stories and dialogs that the shipped model learns from. The same seed writes the same bytes on every machine.")
        {
            LessonsCommand.Create(), CorpusCommand.Create(), DialogsCommand.Create(), ScoreCommand.Create(),
        };
        return root.Parse(args).InvokeAsync();
    }
}
