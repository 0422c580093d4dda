namespace Heed.Models.Adapters;

/// <summary>The shape of a model's LoRA adapters (Hu et al. 2021, arXiv 2106.09685); names and defaults are PEFT's, but for the targets.</summary>
public sealed record LoraConfig
{
    private const int MaxRank = 1 << 16;

    /// <summary>All layers that can have an adapter: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj.</summary>
    public static IReadOnlyList<string> AllTargets { get; } = [.. LoraTarget.All.Select(target => target.Name)];

    /// <summary>The inner size r of B·A.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>α: the product is multiplied by α/r.</summary>
    public float Alpha { get; init; } = 16;

    /// <summary>The rate at which training drops the adapters' inputs.</summary>
    public float Dropout { get; init; }

    /// <summary>Which layers have adapters, in every block; a model without a gate has no gate_proj, and passes it over.</summary>
    public IReadOnlyList<string> Targets { get; init; } = AllTargets;

    /// <summary>Whether the product is multiplied by α/√r instead (rsLoRA, Kalajdzievski 2023, arXiv 2312.03732).</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Which random numbers the first factors begin with.</summary>
    public int Seed { get; init; }

    /// <summary>What multiplies B·A.</summary>
    public float Scale => RankStabilized ? (float)(Alpha / Math.Sqrt(Rank)) : Alpha / Rank;

    /// <summary>Checks the numbers and names.</summary>
    /// <exception cref="ArgumentException">One is out of range or unknown; the message names it.</exception>
    public LoraConfig Validate()
    {
        if (Rank is < 1 or > MaxRank) throw new ArgumentException($"LoraConfig: Rank is {Rank}; expected 1 to {MaxRank}.");
        if (!(Alpha > 0 && float.IsFinite(Alpha))) throw new ArgumentException($"LoraConfig: Alpha is {Alpha}; expected a number above 0.");
        if (!(Dropout >= 0 && Dropout < 1)) throw new ArgumentException($"LoraConfig: Dropout is {Dropout}; expected 0 or more, below 1.");
        if (Targets.Count == 0) throw new ArgumentException($"LoraConfig: there are no Targets; expected some of {string.Join(", ", AllTargets)}.");
        foreach (string target in Targets)
            if (!AllTargets.Contains(target)) throw new ArgumentException($"LoraConfig: Targets has '{target}'; expected some of {string.Join(", ", AllTargets)}.");
        return this;
    }
}
