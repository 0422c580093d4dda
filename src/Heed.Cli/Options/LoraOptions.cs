using System.CommandLine;
using Heed.Models.Adapters;

namespace Heed.Cli.Options;

/// <summary>The options that say whether and which adapters are learned instead of all weights.</summary>
internal sealed class LoraOptions
{
    private readonly Option<bool> _lora = new("--lora") { Description = "Learn LoRA adapters and leave the model's own weights as they are." };
    private readonly Option<int?> _rank = ValueOption.Number<int>("--rank", "With --lora: the adapters' inner size; 8 if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<float?> _alpha = ValueOption.Number<float>("--alpha", "With --lora: the adapters count alpha/rank times; 16 if not given.", "a number above 0", value => value > 0);
    private readonly Option<float?> _dropout = ValueOption.Number<float>("--lora-dropout", "With --lora: the rate at which the adapters' inputs are dropped; 0 if not given.", "0 or more, below 1", value => value is >= 0 and < 1);
    private readonly Option<string?> _targets = ValueOption.Text("--targets", $"With --lora: the layers that get adapters, with commas; all of {string.Join(",", LoraConfig.AllTargets)} if not given.", "NAMES");
    private readonly Option<bool> _quantized = new("--quantized-base") { Description = "With --lora: leave quantized weights as they are stored (QLoRA)." };
    private readonly Option<string?> _merge = ValueOption.Text("--merge", "With --lora: also write the model with the adapters merged into its weights to this folder.", "DIR");

    public void AddTo(Command command)
    {
        Option[] others = [_rank, _alpha, _dropout, _targets, _quantized, _merge];
        command.Add(_lora);
        foreach (Option option in others) command.Add(option);
        command.Validators.Add(result =>
        {
            if (!result.GetValue(_lora) && Array.Find(others, option => result.GetResult(option) is { Implicit: false }) is { } lone) result.AddError($"{lone.Name} needs --lora.");
        });
    }

    /// <summary>The adapters, or null for none: all weights are learned.</summary>
    public LoraConfig? Config(ParseResult line, ulong seed) => !line.GetValue(_lora) ? null : new LoraConfig
    {
        Rank = line.GetValue(_rank) ?? 8,
        Alpha = line.GetValue(_alpha) ?? 16,
        Dropout = line.GetValue(_dropout) ?? 0,
        Targets = line.GetValue(_targets) is { } names ? names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) : LoraConfig.AllTargets,
        Seed = (int)(seed % int.MaxValue),
    }.Validate();

    public bool KeepsQuantized(ParseResult line) => line.GetValue(_quantized);

    /// <summary>Where the merged model goes, or null.</summary>
    public string? MergeFolder(ParseResult line) => line.GetValue(_merge);
}
