using System.CommandLine;
using Heed.Cli.Converting;
using Heed.Models.Checkpoints;

namespace Heed.Cli.Options;

/// <summary>The arguments and options of commands that write a model in another form.</summary>
internal sealed class ConversionOptions
{
    private readonly Argument<string> _in = new("IN") { Description = "A GGUF file, a Hugging Face or Meta folder, or a llama2.c file." };
    private readonly Argument<string> _out;
    private readonly Option<string?> _tokenizer = ValueOption.Text("--tokenizer", "The tokenizer's file, where the model does not bring its own.", "FILE");
    private readonly Option<int?> _threads = ValueOption.Number<int>("--threads", "The number of threads; all cores if not given.", "a whole number, 1 to 1024", value => value is >= 1 and <= 1024);
    private readonly Option<bool> _force = new("--force") { Description = "Replace a model that is there." };

    public ConversionOptions(string outDescription) => _out = new("OUT") { Description = outDescription };

    public void AddTo(Command command, params Option[] own)
    {
        command.Add(_in);
        command.Add(_out);
        foreach (Option option in own) command.Add(option);
        command.Add(_tokenizer);
        command.Add(_threads);
        command.Add(_force);
    }

    public string In(ParseResult line) => line.GetRequiredValue(_in);

    public string? Tokenizer(ParseResult line) => line.GetValue(_tokenizer) is { } path && !Path.Exists(path)
        ? throw new CommandException($"--tokenizer {path}: neither a file nor a folder is there.")
        : line.GetValue(_tokenizer);

    public int Threads(ParseResult line) => line.GetValue(_threads) ?? 0;

    /// <summary>Where to write.</summary>
    /// <exception cref="CommandException">A model is there already, or the wrong kind of thing.</exception>
    public OutputPath Out(ParseResult line, Checkpoint source) => OutputPath.Check(line.GetRequiredValue(_out), source, line.GetValue(_force));
}
