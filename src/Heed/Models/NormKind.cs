namespace Heed.Models;

/// <summary>Which normalisation a model's blocks use.</summary>
public enum NormKind
{
    /// <summary>RMSNorm: no mean, no shift.</summary>
    Rms,

    /// <summary>LayerNorm with gain and shift.</summary>
    Layer,
}
