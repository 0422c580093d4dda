using Heed.Inference;
using Heed.Inference.Chat;
using Heed.Inference.Grammars;
using Heed.Tokenizers;

namespace Heed.Cli.Chat;

/// <summary>A chat from its first line to its last: answers go to standard output, everything else, reasoning too, to standard error.</summary>
internal sealed class ChatSession(Conversation conversation, GenerationOptions options, StandardOutput output, Terminal terminal, ChatInterrupts interrupts)
{
    private const string Help = """
        /reset          forget the conversation
        /system [TEXT]  show the instructions above the conversation, or set them; /system - takes them away
        /save FILE      write the conversation as JSON
        /help           this list
        /exit           leave, as Ctrl-D does
        //TEXT          say /TEXT to the model
        Ctrl-C stops an answer.

        """;

    /// <summary>Whether /save writes a file: of several processes only the first one does.</summary>
    public bool Writes { get; init; } = true;

    private readonly OpenCalls _calls = new(conversation, terminal);
    private bool _failed;

    /// <summary>Answers line by line until there are no more.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(ChatInput input)
    {
        while (input.Read() is { } line)
        {
            interrupts.Watch(null);
            if (!line.StartsWith('/')) await TakeAsync(line);
            else if (line.StartsWith("//", StringComparison.Ordinal)) await TakeAsync(line[1..]);
            else if (!Obey(line)) break;
        }
        return _failed && !terminal.HasKeyboard ? ExitCodes.Error : ExitCodes.Ok;
    }

    private async Task TakeAsync(string line)
    {
        if (!_calls.Any) await AnswerAsync(stop => conversation.SendAsync(line, options, stop));
        else if (_calls.Take(line) is { } results) await AnswerAsync(stop => AnswerResults(results, stop));
        _calls.Ask();
    }

    // A model that must call a tool has done so: what it makes of the result is its own choice.
    private IAsyncEnumerable<CompletionPiece> AnswerResults(IReadOnlyList<ChatMessage> results, CancellationToken stop)
    {
        ChatSettings asked = conversation.Settings;
        conversation.Settings = asked with { ToolChoice = ToolChoice.Auto };
        IAsyncEnumerable<CompletionPiece> answer = conversation.SendToolResultsAsync(results, options, stop);
        conversation.Settings = asked;
        return answer;
    }

    private async Task AnswerAsync(Func<CancellationToken, IAsyncEnumerable<CompletionPiece>> send)
    {
        using CancellationTokenSource stop = new();
        interrupts.Watch(stop);
        try
        {
            await WriteAnswerAsync(send(stop.Token));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            output.Write("\n");
        }
        catch (ContextOverflowException e)
        {
            Fail($"the conversation has {e.PromptTokens} tokens and the context holds {e.ContextTokens}: /reset forgets it; --drop-turns leaves out its oldest turns, --slide lets its beginning go by itself.");
        }
        catch (Exception e) when (e is ArgumentException or GrammarException)
        {
            Fail(ErrorText.Of(e));
        }
        finally
        {
            interrupts.Watch(null);
        }
    }

    private async Task WriteAnswerAsync(IAsyncEnumerable<CompletionPiece> answer)
    {
        bool began = false, thinks = false;
        await foreach (CompletionPiece piece in answer)
        {
            if (thinks && piece.Reasoning.Length == 0) terminal.Write("\n");
            thinks = piece.Reasoning.Length > 0;
            if (thinks) terminal.WriteQuietly(Terminal.CleanText(piece.Reasoning));
            // What separates the answer from the marker before it is no part of it.
            string text = began ? piece.Text : piece.Text.TrimStart();
            began |= text.Length > 0;
            output.WriteModelText(text);
            foreach (ToolCall call in piece.ToolCalls)
            {
                output.WriteModelText($"{(began ? "\n" : "")}{call.Name} {ChatTranscript.Compact(call.Arguments)}");
                began = true;
            }
            foreach (string problem in piece.Problems) terminal.Note(problem);
            if (piece.FinishReason is not { } reason) continue;
            output.Write("\n");
            if (piece.Usage is { DroppedTurns: > 0 and int dropped }) terminal.Note($"the first {dropped} turns were left out; the context has no room for them.");
            if (reason == FinishReason.ContextFull) terminal.Note("the context is full: /reset forgets the conversation; --drop-turns leaves out its oldest turns, --slide lets its beginning go by itself.");
            if (reason == FinishReason.MaxTokens && (terminal.HasKeyboard || options.Grammar is not null)) terminal.Note($"cut at {options.MaxTokens} tokens; -n allows more.");
        }
    }

    /// <summary>Does what a line with a slash says.</summary>
    /// <returns>Whether the chat goes on.</returns>
    private bool Obey(string line)
    {
        int space = line.IndexOf(' ');
        string command = space < 0 ? line : line[..space], argument = space < 0 ? "" : line[space..].Trim();
        switch (command)
        {
            case "/exit" or "/quit":
                return false;
            case "/reset":
                conversation.Reset();
                _calls.Clear();
                terminal.Note("the conversation is forgotten.");
                break;
            case "/system":
                SetSystem(argument);
                break;
            case "/save":
                Save(argument);
                break;
            case "/help":
                terminal.Write(Help);
                break;
            default:
                Fail($"there is no command {command}; /help lists them, and //{command[1..]} says it to the model.");
                break;
        }
        return true;
    }

    private void SetSystem(string text)
    {
        if (text.Length > 0) conversation.SystemPrompt = text == "-" ? null : text;
        terminal.Note(conversation.SystemPrompt is { } system ? $"system: {system}" : "there are no instructions.");
    }

    private void Save(string path)
    {
        if (path.Length == 0)
        {
            Fail("/save needs the name of a file.");
            return;
        }
        try
        {
            if (Writes) ChatTranscript.Save(path, conversation);
            terminal.Note($"{conversation.Messages.Count} messages written to {path}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(e.Message);
        }
    }

    private void Fail(string message)
    {
        _failed = true;
        terminal.Error(message);
    }
}
