using System.CommandLine;
using Heed.Cli.Inspection;
using Heed.Cli.Options;

namespace Heed.Cli.Commands;

/// <summary>heed inspect: what a model is, without running it; and below it what a look inside needs a run for.</summary>
internal sealed class InspectCommand
{
    private const string SampleText = "Once upon a time, there was a café.";
    private readonly Argument<string?> _path = new("MODEL")
    {
        Description = $"A GGUF file, a Hugging Face or Meta folder, or a llama2.c file; else {ModelLocator.Variable}, else the model that comes with heed.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string?> _tokenizer = ValueOption.Text("--tokenizer", "The tokenizer's file, where the model does not bring its own.", "FILE");
    private readonly Option<string?> _text = ValueOption.Text("--text", "The text to cut into tokens.", "TEXT");
    private readonly Option<bool> _tensors = new("--tensors") { Description = "List every tensor." };
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object." };

    public static Command Create(Terminal terminal)
    {
        InspectCommand self = new();
        Command command = new("inspect", "Show what a model is: sizes, tensors, memory, tokenizer, metadata.");
        command.Add(self._path);
        command.Add(self._tokenizer);
        command.Add(self._text);
        command.Add(self._tensors);
        command.Add(self._json);
        command.Add(AttentionMapCommand.Create(terminal));
        command.SetAction(self.Run);
        return command;
    }

    private int Run(ParseResult line)
    {
        string path = ModelLocator.Find(line.GetValue(_path)).Path;
        ModelSummary summary = ModelInspector.Inspect(path, line.GetValue(_tokenizer), line.GetValue(_text) ?? SampleText);
        using StandardOutput output = new();
        output.Write(line.GetValue(_json)
            ? InspectionJson.Of(summary)
            : InspectionText.Of(summary, line.GetValue(_tensors), output.IsTerminal, Terminal.WantsColours(output.IsTerminal)));
        return ExitCodes.Ok;
    }
}
