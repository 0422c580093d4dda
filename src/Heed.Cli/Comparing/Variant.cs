using System.Globalization;
using Heed.Cli.Learning;
using Heed.Models;

namespace Heed.Cli.Comparing;

/// <summary>A model that differs from the others of a comparison in some settings.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Settings">ModelConfig's properties, NAME=VALUE each.</param>
internal sealed record Variant(string Name, IReadOnlyList<string> Settings)
{
    /// <summary>The variants that have a name; a row's length is {seq}, the base's heads are {heads}, its width {hidden}.</summary>
    /// <remarks>Vaswani et al. 2017 (section 3.4) multiply embeddings by √hidden, or sinusoids would drown them.</remarks>
    private static readonly IReadOnlyList<Variant> s_known =
    [
        new("mha", []), new("gqa", ["NumKvHeads={heads/2}"]), new("mqa", ["NumKvHeads=1"]), new("qk-norm", ["QkNorm=true"]),
        new("sliding", ["Window={seq/4}"]), new("top-k", ["AttentionTopK=16"]), new("soft-cap", ["AttentionSoftCap=20"]),
        new("sinks", ["AttentionSinks=true"]), new("longformer", ["AttentionPattern=Longformer", "LongformerWindow={seq/4}", "GlobalTokens=4"]),
        new("local", ["AttentionPattern=Local", "LocalBlock={seq/4}"]),
        new("bigbird", ["AttentionPattern=BigBird", "BigBirdBlock={seq/16}", "BigBirdGlobal=1", "BigBirdRandom=2"]),
        new("alibi", ["Positions=Alibi"]), new("relative", ["Positions=Relative"]), new("learned", ["Positions=Learned"]),
        new("sinusoidal", ["Positions=Sinusoidal", "EmbeddingScale={√hidden}"]), new("no-positions", ["Positions=None"]), new("post-norm", ["NormPlacement=Post"]),
        new("aft-full", ["Mixer=AftFull", "Positions=None"]), new("aft-local", ["Mixer=AftLocal", "Positions=None"]), new("aft-simple", ["Mixer=AftSimple", "Positions=Learned"]),
        new("mamba", ["Mixer=Mamba", "Positions=None"]), new("hard", ["Mixer=Hard", "NumKvHeads=null", "Positions=Learned"]),
        new(Linformer, ["Mixer=Linformer", "NumKvHeads=null", "LinformerSize={seq/4}", "Positions=Learned"]),
    ];

    // Only models that see both ways can have it.
    private const string Linformer = "linformer";
    private static readonly string[] s_masked =
        ["mha", Linformer, "longformer", "bigbird", "aft-simple", "aft-local", "aft-full", "alibi", "relative", "learned", "sinusoidal", "no-positions"];

    /// <summary>The variants that have a name.</summary>
    public static IEnumerable<string> Names => s_known.Select(variant => variant.Name);

    /// <summary>Those that are compared if none is named: all that models of the kind can have, or, of those that see both ways, some that differ in what they see.</summary>
    public static IEnumerable<string> NamesFor(Objective objective) => objective == Objective.Masked ? s_masked : Names.Where(name => name != Linformer);

    /// <summary>One of the known names, or NAME:SETTING,SETTING.</summary>
    /// <exception cref="CommandException">It is neither.</exception>
    public static Variant Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0) return new Variant(text[..colon], text[(colon + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return s_known.FirstOrDefault(variant => variant.Name == text)
            ?? throw new CommandException($"--variant is '{text}'; expected one of {string.Join(", ", Names)}, or NAME:SETTING=VALUE,… as in wide:HiddenSize=256.", ExitCodes.Usage);
    }

    /// <summary>The variant with numbers for {heads/2}, {seq/4}, {seq/16} and {√hidden}.</summary>
    public Variant For(ModelConfig config, int seqLen) => this with { Settings = [.. Settings.Select(setting => Filled(setting, config, seqLen))] };

    /// <summary>The base with the settings, its feed-forward part as wide as makes the parameters those of the base.</summary>
    /// <exception cref="CommandException">A setting is wrong.</exception>
    /// <exception cref="ArgumentException">The settings do not make a model.</exception>
    public ModelConfig Of(ModelConfig config)
    {
        long parameters = config.ParameterCount();
        ModelConfig result = Settings.Aggregate(config, (with, setting) => ModelSettings.Apply(with, setting, $"--variant {Name}")).Validate();
        if (Settings.Any(setting => setting.StartsWith(nameof(ModelConfig.IntermediateSize), StringComparison.OrdinalIgnoreCase))) return result;
        int low = 1, high = 16 * config.FeedForwardSize;
        while (low < high)
        {
            int middle = low + (high - low) / 2;
            if ((result with { IntermediateSize = middle }).ParameterCount() < parameters) low = middle + 1;
            else high = middle;
        }
        // The nearer of the two neighbours.
        ModelConfig above = result with { IntermediateSize = low }, below = result with { IntermediateSize = Math.Max(1, low - 1) };
        return above.ParameterCount() - parameters <= parameters - below.ParameterCount() ? above : below;
    }

    private static string Filled(string setting, ModelConfig config, int seqLen) => setting
        .Replace("{heads/2}", Math.Max(1, config.NumHeads / 2).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{seq/4}", Math.Max(1, seqLen / 4).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{seq/16}", Math.Max(1, seqLen / 16).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{√hidden}", Math.Sqrt(config.HiddenSize).ToString("0.####", CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
