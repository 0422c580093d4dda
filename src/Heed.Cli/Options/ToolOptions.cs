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

    /// <summary>What the command line says.</summary>
    /// <exception cref="CommandException">The tools cannot be read.</exception>
    public ChatSettings Read(ParseResult line) => new()
    {
        Tools = line.GetValue(_tools) is { } file ? ReadTools(file) : [],
        ToolChoice = line.GetValue(_choice) switch
        {
            null or "auto" => ToolChoice.Auto,
            "none" => ToolChoice.None,
            "required" => ToolChoice.Required,
            string name => ToolChoice.Named(name),
        },
        DropTurns = line.GetValue(_drop),
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
