using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Heed.Cli.Inspection;
using Heed.Cli.Options;
using Heed.Inference;
using Heed.Models;
using Heed.Tokenizers;

namespace Heed.Cli.Commands;

/// <summary>heed inspect attention: what a model's heads look at in a text.</summary>
internal sealed class AttentionMapCommand
{
    private const string DefaultFile = "attention.html";
    // JSON takes some ten characters for a weight.
    private const long MostJsonWeights = 1 << 26;
    private readonly Argument<string> _path = new("MODEL") { Description = "A GGUF file, a Hugging Face or Meta folder, or a llama2.c file." };
    private readonly Argument<string> _prompt = new("PROMPT") { Description = "The text; - reads standard input, to its end and without its last line end." };
    private readonly ModelOptions _model = new();
    private readonly Option<string?> _output = ValueOption.Text("--output", $"The page, or a still picture if its name ends in .svg; {DefaultFile} if not given.", "FILE", "-o");
    private readonly Option<int?> _layer = ValueOption.Number<int>("--layer", "One layer alone, from 0; all if not given.", "a whole number, 0 or more", value => value >= 0);
    private readonly Option<bool> _force = new("--force") { Description = "Replace a file that is there." };
    private readonly Option<bool> _json = new("--json") { Description = "Write the weights and entropies as one JSON object to standard output, and no file." };
    private readonly Terminal _terminal;

    private AttentionMapCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        AttentionMapCommand self = new(terminal);
        Command command = new("attention", "Draw what every head of a model looks at in a text, as a page for the browser.");
        command.Add(self._path);
        command.Add(self._prompt);
        self._model.AddTo(command, withModel: false);
        Option[] own = [self._output, self._layer, self._force, self._json];
        foreach (Option option in own) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(self._json) && (result.GetValue(self._output) is not null || result.GetValue(self._force)))
                result.AddError("--json writes no file; it contradicts --output and --force.");
            if (result.Parent is CommandResult { Command.Name: "inspect" } parent && parent.Tokens.Count + parent.Children.OfType<OptionResult>().Count(option => !option.Implicit) > 0)
                result.AddError("inspect attention: the model and all options stand after 'attention'.");
        });
        command.SetAction(self.Run);
        return command;
    }

    private int Run(ParseResult line)
    {
        string? file = line.GetValue(_json) ? null : line.GetValue(_output) ?? DefaultFile;
        if (file is not null) CheckFree(file, line.GetValue(_force));
        string path = line.GetRequiredValue(_path), prompt = PromptText.Read(line.GetRequiredValue(_prompt), _terminal);
        using Interruption interruption = new();
        try
        {
            using LoadedModel loaded = _model.Load(line, _terminal, interruption.Token, path);
            Tokenizer tokenizer = loaded.Model.Tokenizer;
            int[] tokens = Tokens(loaded.Model, prompt);
            if (tokens.Length > loaded.Model.ContextLength) throw new CommandException($"inspect attention: got {tokens.Length} tokens; expected 1 to {loaded.Model.ContextLength}, the model's context.");
            AttentionMaps maps = AttentionMaps.Of(loaded.Model.Transformer, tokens, line.GetValue(_layer), interruption.Token);
            if (file is null) WriteJson(maps, tokenizer, prompt);
            else WriteFile(file, line.GetValue(_force), maps, tokenizer, prompt, path);
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    /// <summary>Of a model that fills gaps, as heed fill reads it: with its mask among the text.</summary>
    private static int[] Tokens(LanguageModel model, string prompt) => model.Config.Bidirectional && model.Tokenizer.MaskId is not null
        ? new MaskFiller(model.Transformer, model.Tokenizer).Encode(prompt)
        : model.Tokenizer.Encode(prompt);

    private static void CheckFree(string file, bool force)
    {
        OutputFile.Check(file, "--output");
        if (File.Exists(file) && !force) throw new CommandException($"{file} exists: --force replaces it; or name another with --output.");
    }

    private static void WriteJson(AttentionMaps maps, Tokenizer tokenizer, string prompt)
    {
        long weights = (long)maps.Layers.Count * maps.Heads * maps.Tokens.Count * maps.Tokens.Count;
        if (weights > MostJsonWeights)
            throw new CommandException(string.Create(CultureInfo.InvariantCulture, $"{weights} weights are too many for JSON, which takes up to {MostJsonWeights}; shorten the prompt, or take one --layer."));
        using StandardOutput output = new();
        output.Write(AttentionJson.Of(maps, tokenizer, prompt));
    }

    private static void WriteFile(string file, bool force, AttentionMaps maps, Tokenizer tokenizer, string prompt, string model)
    {
        string title = $"What {Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)))} looks at";
        string text = Path.GetExtension(file).Equals(".svg", StringComparison.OrdinalIgnoreCase)
            ? AttentionPicture.Svg(maps, tokenizer, title)
            : AttentionPage.Html(maps, tokenizer, title, prompt);
        string temporary = $"{file}.{Environment.ProcessId}.tmp";
        try
        {
            File.WriteAllText(temporary, text);
            File.Move(temporary, file, overwrite: force);
        }
        finally
        {
            File.Delete(temporary);
        }
        using StandardOutput output = new();
        output.Write(Terminal.Clean(file) + "\n");
    }
}
