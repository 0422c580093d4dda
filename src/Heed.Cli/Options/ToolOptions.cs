using System.CommandLine;
using Heed.Inference.Chat;
using Heed.Tokenizers;

namespace Heed.Cli.Options;

/// <summary>The options that say which tools a model may call, and what happens where a chat outgrows the context.</summary>
internal sealed class ToolOptions
{
    private const long MaxBytes = 8 << 20;
    private readonly Option<string?> _tools = ValueOption.Text("--tools", "Tools that the model may call: a list in JSON, as OpenAI's API has it. Their results you type.", "FILE");
    private readonly Option<string?> _choice = ValueOption.Text("--tool-choice", "auto (the default), none, required, or the name of the tool that answers a question.", "CHOICE");
    private readonly Option<bool> _drop = new("--drop-turns") { Description = "When the chat outgrows the context, leave out its oldest turns." };

    public void AddTo(Command command)
    {
        command.Add(_tools);
        command.Add(_choice);
        command.Add(_drop);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_choice) is { Implicit: false } && result.GetResult(_tools) is not { Implicit: false }) result.AddError("--tool-choice needs --tools.");
        });
    }

    /// <summary>What the command line says, for a model that chats in this format.</summary>
    /// <exception cref="CommandException">The tools cannot be read, or the model calls none, or the choice is none of them.</exception>
    public ChatSettings Read(ParseResult line, ChatFormat format)
    {
        IReadOnlyList<ToolDefinition> tools = line.GetValue(_tools) is { } file ? ReadTools(file) : [];
        ToolChoice choice = line.GetValue(_choice) switch
        {
            null or "auto" => ToolChoice.Auto,
            "none" => ToolChoice.None,
            "required" => ToolChoice.Required,
            string name when tools.Any(tool => tool.Name == name) => ToolChoice.Named(name),
            string name => throw new CommandException($"--tool-choice is '{Terminal.Clean(name)}'; expected auto, none, required, or the name of a tool: {Terminal.Clean(string.Join(", ", tools.Select(tool => tool.Name)))}.", ExitCodes.Usage),
        };
        if (tools.Count > 0 && choice != ToolChoice.None && format.ToolCalls == ToolCallFormat.None)
            throw new CommandException($"--tools: the model cannot be given any: {WhyNone(format)}. heed inspect shows what a model takes.");
        return new ChatSettings { Tools = tools, ToolChoice = choice, DropTurns = line.GetValue(_drop) };
    }

    private static string WhyNone(ChatFormat format) => format.Template switch
    {
        null => $"its chat format {format.Kind} has none",
        { TakesTools: false } => "its chat template takes none",
        _ => "how it calls them cannot be told from its chat template",
    };

    private static IReadOnlyList<ToolDefinition> ReadTools(string path)
    {
        if (!File.Exists(path)) throw new CommandException($"{path}: the file does not exist.");
        if (new FileInfo(path).Length > MaxBytes) throw new CommandException($"{path}: the file has more than {MaxBytes} bytes.");
        try
        {
            return ToolDefinition.ListFromJson(File.ReadAllText(path));
        }
        catch (ArgumentException e)
        {
            throw new CommandException($"{path}: {ErrorText.Of(e)}");
        }
    }
}
