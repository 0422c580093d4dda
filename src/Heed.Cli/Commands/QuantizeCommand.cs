using System.CommandLine;
using Heed.Cli.Converting;
using Heed.Cli.Options;
using Heed.Inference;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;

namespace Heed.Cli.Commands;

/// <summary>heed quantize: a model with fewer bits for each weight.</summary>
internal sealed class QuantizeCommand
{
    private readonly ConversionOptions _options = new("The GGUF file to write, whose name ends with .gguf; or for f32, f16 and bf16 a Hugging Face folder.");
    private readonly Option<string?> _type = ValueOption.Text("--type", $"How the weights are stored: {string.Join(", ", QuantizationRecipe.All.Select(recipe => recipe.Name))}.", "TYPE", "-t");
    private readonly Option<string?> _calibrate = ValueOption.Text("--calibrate", "A text to measure on how much each input counts; it matters most for the types of the fewest bits.", "FILE");
    private readonly Terminal _terminal;

    private QuantizeCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        QuantizeCommand self = new(terminal);
        Command command = new("quantize", "Write a model with fewer bits for each weight, as a GGUF file.");
        self._type.Required = true;
        self._type.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !QuantizationRecipe.TryFind(token.Value, out _))
                result.AddError($"--type is '{token.Value}'; expected one of {string.Join(", ", QuantizationRecipe.All.Select(recipe => recipe.Name))}.");
        });
        self._options.AddTo(command, self._type, self._calibrate);
        command.SetAction(self.Run);
        return command;
    }

    private int Run(ParseResult line)
    {
        QuantizationRecipe.TryFind(line.GetRequiredValue(_type)!, out QuantizationRecipe? recipe);
        using Interruption interruption = new();
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(_options.In(line));
            OutputPath output = _options.Out(line, checkpoint);
            string? tokenizer = _options.Tokenizer(line);
            ImportanceMatrix? importance = line.GetValue(_calibrate) is { } text && !recipe!.IsPlain
                ? Calibration.Measure(text, checkpoint, LanguageModel.LoadTokenizer(checkpoint, tokenizer), _options.Threads(line), _terminal, interruption.Token)
                : null;
            new Conversion(checkpoint, tokenizer, _options.Threads(line), _terminal).Write(output, recipe!, importance, interruption.Token);
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }
}
