using System.CommandLine;
using System.Text;
using Heed.Inference;
using Heed.Stories.Dialogs;
using Heed.Stories.Scoring;
using Heed.Tokenizers;

namespace Heed.Stories.Commands;

/// <summary>score: how often a model tells what it was asked for, with the likeliest words.</summary>
internal static class ScoreCommand
{
    public static Command Create()
    {
        Argument<string> model = new("MODEL") { Description = "The model's folder or file." };
        Option<ulong> seed = new("--seed") { Description = "Another seed asks other things; use one that no dialogs were written with.", DefaultValueFactory = _ => 104 };
        Option<int> count = new("--count") { Description = "How many stories to ask for, and how many questions to ask.", DefaultValueFactory = _ => 300 };
        Command command = new("score", "Ask a model for stories and about stories, and count what came up.") { model, seed, count };
        command.SetAction((line, cancellation) =>
            RunAsync(line.GetRequiredValue(model), line.GetValue(seed), line.GetValue(count), line.InvocationConfiguration.Output, cancellation));
        return command;
    }

    private static async Task RunAsync(string path, ulong seed, int count, TextWriter output, CancellationToken cancellation)
    {
        using LanguageModel model = LanguageModel.Load(path, cancellation: cancellation);
        Tally tally = await StoryExam.AskAsync(seed, count, (messages, stop) => AnswerAsync(model, messages, stop), cancellation);
        foreach (string line in tally.Lines()) await output.WriteLineAsync(line.AsMemory(), cancellation);
    }

    private static async Task<string> AnswerAsync(LanguageModel model, IReadOnlyList<Message> messages, CancellationToken cancellation)
    {
        IEnumerable<ChatMessage> said = messages.Select(message => new ChatMessage(message.Role == "user" ? ChatRole.User : ChatRole.Assistant, message.Content));
        StringBuilder answer = new();
        GenerationOptions options = GenerationOptions.Greedy with { MaxTokens = model.Config.MaxSeqLen / 2 };
        await foreach (CompletionPiece piece in model.CompleteAsync(model.ChatFormat.Render([.. said], model.Tokenizer), options, cancellation)) answer.Append(piece.Text);
        return answer.ToString();
    }
}
