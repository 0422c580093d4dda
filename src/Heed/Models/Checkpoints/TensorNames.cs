using System.Text.RegularExpressions;

namespace Heed.Models.Checkpoints;

/// <summary>
/// How a format and family name the model's tensors. A layer that the model fuses has several names, in the order of its
/// rows, or one where the file has it fused too.
/// </summary>
internal sealed partial record TensorNames
{
    /// <summary>The names of the layers outside blocks.</summary>
    public required IReadOnlyDictionary<string, string> Top { get; init; }

    /// <summary>What stands before a block's number.</summary>
    public required string Block { get; init; }

    /// <summary>The names of the layers within a block.</summary>
    public required IReadOnlyDictionary<string, string[]> InBlock { get; init; }

    /// <summary>What a weight's name ends in.</summary>
    public string Weight { get; init; } = ".weight";

    /// <summary>What a bias's name ends in.</summary>
    public string Bias { get; init; } = ".bias";

    /// <summary>Whether the blocks' matrices are stored [in, out], as GPT-2's are.</summary>
    public bool Transposed { get; init; }

    /// <summary>Whether the norms are stored less one, as Gemma's are.</summary>
    public bool NormsLessOne { get; init; }

    /// <summary>Tensors that are no weights: their names, exactly.</summary>
    public Regex Harmless { get; init; } = Nothing();

    /// <summary>Whether the file has the model's own names, and every layer whole.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Whether the layer's matrix is stored [in, out].</summary>
    public bool Transposes(ModelLayer layer) => Transposed && layer.Kind == ModelLayerKind.Linear && layer.Name != WeightNames.Output;

    /// <summary>The names, without ending, of the file's parts of the layer with the model's name <paramref name="layer"/>.</summary>
    public string[] PartsOf(string layer)
    {
        if (IsOwn) return [layer];
        string prefix = WeightNames.Blocks + ".";
        if (!layer.StartsWith(prefix, StringComparison.Ordinal)) return [Top[layer]];
        int dot = layer.IndexOf('.', prefix.Length);
        string number = layer[prefix.Length..dot];
        return [.. InBlock[layer[(dot + 1)..]].Select(name => $"{Block}{number}.{name}")];
    }

    /// <summary>The model's names of layers that the file's family does not have are absent from the tables.</summary>
    public bool Knows(string layer) => IsOwn || (layer.StartsWith(WeightNames.Blocks + ".", StringComparison.Ordinal)
        ? InBlock.ContainsKey(layer[(layer.IndexOf('.', WeightNames.Blocks.Length + 1) + 1)..])
        : Top.ContainsKey(layer));

    [GeneratedRegex("(?!)", RegexOptions.ExplicitCapture)]
    private static partial Regex Nothing();
}
