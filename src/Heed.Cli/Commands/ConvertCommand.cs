using System.CommandLine;
using Heed.Cli.Converting;
using Heed.Cli.Options;
using Heed.Formats;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;

namespace Heed.Cli.Commands;

/// <summary>heed convert: a model in another format.</summary>
internal sealed class ConvertCommand
{
    private static readonly string[] s_types = ["f32", "f16", "bf16"];

    private readonly ConversionOptions _options = new("Where to write: a GGUF file (its name ends with .gguf), a llama2.c file (.bin), or else a Hugging Face folder.");
    private readonly Option<string?> _type = ValueOption.Text("--type", "How the weights are stored: f32, f16 or bf16; if not given, as they are where they all are 16-bit numbers of one kind, else f32.", "TYPE", "-t");
    private readonly Terminal _terminal;

    private ConvertCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        ConvertCommand self = new(terminal);
        Command command = new("convert", "Write a model in another format: GGUF, a Hugging Face folder, llama2.c.");
        self._type.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !s_types.Contains(token.Value.ToLowerInvariant()))
                result.AddError($"--type is '{token.Value}'; expected one of {string.Join(", ", s_types)}; heed quantize has the others.");
        });
        self._options.AddTo(command, self._type);
        command.SetAction(self.Run);
        return command;
    }

    private int Run(ParseResult line)
    {
        using Interruption interruption = new();
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(_options.In(line));
            OutputPath output = _options.Out(line, checkpoint);
            string type = line.GetValue(_type) ?? (output.Kind == OutputKind.Llama2c ? "f32" : OwnType(checkpoint));
            QuantizationRecipe.TryFind(type, out QuantizationRecipe? recipe);
            new Conversion(checkpoint, _options.Tokenizer(line), _options.Threads(line), _terminal).Write(output, recipe!, importance: null, interruption.Token);
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    private static string OwnType(Checkpoint checkpoint)
    {
        WeightType[] types = [.. checkpoint.Files.Tensors.Where(tensor => tensor.Shape.Length > 1).Select(tensor => tensor.Type).Distinct()];
        return types is [WeightType.F16] ? "f16" : types is [WeightType.BF16] ? "bf16" : "f32";
    }
}
