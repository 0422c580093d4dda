using System.CommandLine;
using Heed.Cli.Learning;
using Heed.Models;

namespace Heed.Cli.Options;

/// <summary>The options that say what a new model is: a preset, a file on top of it, single settings on top of that.</summary>
internal sealed class ShapeOptions
{
    private const string Default = "nano";
    private readonly Option<string?> _preset = ValueOption.Text("--preset", $"The model's sizes: {string.Join(", ", ModelPresets.Names)}; {Default} if not given.", "NAME");
    private readonly Option<string?> _config = ValueOption.Text("--config", "A JSON object of ModelConfig's properties, on top of the preset.", "FILE");
    private readonly Option<string[]> _set = new("--set")
    {
        Description = "One of ModelConfig's properties, as in NumLayers=6, or of its encoder, as in Encoder.NumLayers=2; may be given several times.",
        HelpName = "NAME=VALUE",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    private readonly Option<string?> _init = ValueOption.Text("--init", "Begin with this model's weights and tokenizer instead of random ones; any that heed can load.", "MODEL");
    private readonly Option<int?> _seq = ValueOption.Number<int>("--seq", "Tokens in a row; the model's context if not given, and the context of a new model.", "a whole number, 1 or more", value => value >= 1);

    public ShapeOptions()
    {
        _preset.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !ModelPresets.Names.Contains(token.Value))
                result.AddError($"--preset is '{token.Value}'; expected one of {string.Join(", ", ModelPresets.Names)}.");
        });
    }

    public void AddTo(Command command)
    {
        Option[] all = [_preset, _config, _set, _init, _seq];
        foreach (Option option in all) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_init) is not null && (result.GetValue(_preset) is not null || result.GetValue(_config) is not null))
                result.AddError("--init brings the model's sizes; --preset and --config do not go with it.");
        });
    }

    /// <summary>The model to begin with, or null for random weights.</summary>
    public string? Init(ParseResult line) => line.GetValue(_init);

    public string Preset(ParseResult line) => line.GetValue(_preset) ?? Default;

    /// <summary>Tokens in a row of a model with a context.</summary>
    public int SeqLen(ParseResult line, ModelConfig config) => line.GetValue(_seq) ?? config.MaxSeqLen;

    /// <summary>The configuration of a new model, but for its vocabulary.</summary>
    public ModelConfig Config(ParseResult line)
    {
        ModelConfig config = ModelPresets.Find(Preset(line));
        if (line.GetValue(_seq) is { } seq) config = config with { MaxSeqLen = seq };
        if (line.GetValue(_config) is { } file) config = ModelSettings.ApplyFile(config, file);
        return Settings(line, config);
    }

    /// <summary>Whether a property is set by --set.</summary>
    public bool Sets(ParseResult line, string property) => (line.GetValue(_set) ?? []).Any(setting => ModelSettings.NameOf(setting) == property);

    /// <summary>A configuration with the single settings.</summary>
    public ModelConfig Settings(ParseResult line, ModelConfig config) => (line.GetValue(_set) ?? []).OrderBy(ModelSettings.IsEncoders).Aggregate(config, ModelSettings.Apply);
}
