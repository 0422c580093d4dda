using System.CommandLine;
using Heed.Cli.Converting;
using Heed.Cli.Options;
using Heed.Inference;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Tensors;

namespace Heed.Cli.Commands;

/// <summary>heed quantize: a model with fewer bits for each weight.</summary>
internal sealed class QuantizeCommand
{
    private readonly ConversionOptions _options = new("The GGUF file to write, whose name ends with .gguf; or for f32, f16 and bf16 a Hugging Face folder, and for affine types a folder of Heed's own.");
    private readonly Option<string?> _type = ValueOption.Text("--type", $"How the weights are stored: {Types}.", "TYPE", "-t");
    private readonly Option<string?> _calibrate = ValueOption.Text("--calibrate", "A text to measure on how much each input counts; it matters most for the types of the fewest bits.", "FILE");
    private readonly Option<string?> _save = ValueOption.Text("--save-importance", "Keep what --calibrate measures in a file, a GGUF as llama.cpp's llama-imatrix writes it.", "FILE");
    private readonly Option<string?> _importance = ValueOption.Text("--importance", "Use such a file instead of measuring on a text.", "FILE");
    private readonly Terminal _terminal;

    private static string Types => string.Join(", ", QuantizationRecipe.All.Select(recipe => recipe.Name).Concat(AffineTypes.Names));

    private QuantizeCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        QuantizeCommand self = new(terminal);
        Command command = new("quantize", "Write a model with fewer bits for each weight, as a GGUF file.");
        self._type.Required = true;
        self._type.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !QuantizationRecipe.TryFind(token.Value, out _) && !AffineTypes.TryFind(token.Value, out _))
                result.AddError($"--type is '{token.Value}'; expected one of {Types}.");
        });
        self._options.AddTo(command, self._type, self._calibrate, self._save, self._importance);
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
            Conversion conversion = new(checkpoint, tokenizer, _options.Threads(line), _terminal);
            if (AffineTypes.TryFind(line.GetValue(_type), out AffineScheme? scheme))
            {
                if (line.GetValue(_calibrate) is not null || line.GetValue(_importance) is not null)
                    throw new CommandException("--calibrate and --importance do not go with affine types, whose scales span the range of the numbers.", ExitCodes.Usage);
                conversion.WriteAffine(output, scheme.Value, line.GetValue(_type)!, interruption.Token);
                return ExitCodes.Ok;
            }
            ImportanceMatrix? importance = Importance(line, recipe!, checkpoint, tokenizer, interruption.Token);
            conversion.Write(output, recipe!, importance, interruption.Token);
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    private ImportanceMatrix? Importance(ParseResult line, QuantizationRecipe recipe, Checkpoint checkpoint, string? tokenizer, CancellationToken cancellation)
    {
        string? text = line.GetValue(_calibrate), save = line.GetValue(_save), load = line.GetValue(_importance);
        if (text is not null && load is not null) throw new CommandException("--importance takes the place of --calibrate; expected one of them.", ExitCodes.Usage);
        if (save is not null && text is null) throw new CommandException("--save-importance keeps what --calibrate measures; expected a text for --calibrate too.", ExitCodes.Usage);
        if (save is not null) OutputFile.Check(save, "--save-importance");
        if (load is not null && !File.Exists(load)) throw new CommandException($"--importance {load}: there is no such file.");
        if (load is not null) return ImportanceMatrix.Load(load, checkpoint.Config);
        if (text is null || (recipe.IsPlain && save is null)) return null;
        ImportanceMatrix measured = Calibration.Measure(text, checkpoint, LanguageModel.LoadTokenizer(checkpoint, tokenizer), _options.Threads(line), _terminal, cancellation);
        if (save is not null) measured.Save(save, checkpoint.Config, [text]);
        return measured;
    }
}
