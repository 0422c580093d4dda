using System.CommandLine;
using Heed.Cli.Chat;
using Heed.Cli.Options;
using Heed.Cli.Parallel;
using Heed.Inference;
using Heed.Inference.Chat;

namespace Heed.Cli.Commands;

/// <summary>heed chat: a conversation, line by line.</summary>
internal sealed class ChatCommand
{
    private const int LongestAnswer = 1024;
    private const int ShortestAnswer = 16;
    private readonly ModelOptions _model = new();
    private readonly SamplingOptions _sampling = new($"if not given, half of the context, at most {LongestAnswer}");
    private readonly GrammarOptions _grammar = new();
    private readonly ToolOptions _tools = new();
    private readonly SpeculationOptions _speculation = new();
    private readonly Option<string?> _system = ValueOption.Text("--system", "Instructions that stand above the conversation.", "TEXT");
    private readonly Terminal _terminal;
    private readonly Ranks _ranks;

    private ChatCommand(Terminal terminal, Ranks ranks) => (_terminal, _ranks) = (terminal, ranks);

    public static Command Create(Terminal terminal, Ranks ranks)
    {
        ChatCommand self = new(terminal, ranks);
        Command command = new("chat", "Talk with a model, each line a turn. /help in the chat lists what else a line can be. Under mpirun the processes share the model.");
        self._model.AddTo(command, writes: true);
        command.Add(self._system);
        self._sampling.AddTo(command);
        self._grammar.AddTo(command);
        self._tools.AddTo(command);
        self._speculation.AddTo(command);
        command.SetAction((line, _) => self.RunAsync(line));
        return command;
    }

    private async Task<int> RunAsync(ParseResult line)
    {
        // Until there is a conversation, Ctrl-C ends the program as it ends any other.
        using LoadedModel loaded = _model.Load(line, _terminal, CancellationToken.None, _ranks);
        LanguageModel model = loaded.Model;
        if (model.Config.Encoder is not null) throw new CommandException("chat: the model has an encoder, which reads one source and keeps no conversation; heed complete takes the source as its prompt.");
        GenerationOptions defaults = model.DefaultOptions;
        GenerationOptions options = _sampling.Apply(line, defaults with { MaxTokens = defaults.MaxTokens ?? Math.Clamp(model.ContextLength / 2, ShortestAnswer, LongestAnswer) }, model.Tokenizer);
        if (model.ChatFormat.TemplateProblem is { } problem) _terminal.Note($"the model's chat template cannot be used, so messages are written as {model.ChatFormat.Kind} has them: {problem}");
        ChatSettings settings = _tools.Read(line, model.ChatFormat);
        options = _speculation.Apply(line, _grammar.Apply(line, options), model, loaded.Threads, out LanguageModel? draft, CancellationToken.None);
        using LanguageModel? drafts = draft;
        using StandardOutput output = new(_ranks);
        using ChatInput input = new(_terminal, _ranks);
        using Conversation conversation = model.StartConversation(line.GetValue(_system));
        conversation.Settings = settings;
        using ChatInterrupts interrupts = new(_terminal.HasKeyboard, () =>
        {
            _terminal.Write("\n");
            _terminal.Note("Ctrl-C again, Ctrl-D or /exit leaves.");
            input.ShowPrompt();
        });
        if (_terminal.HasKeyboard) _terminal.Note($"{model.Config.Architecture}, chat format {model.ChatFormat.Kind}, context {model.ContextLength} tokens. /help lists the commands.");
        return await new ChatSession(conversation, options, output, _terminal, interrupts) { Writes = _ranks.Talks }.RunAsync(input);
    }
}
