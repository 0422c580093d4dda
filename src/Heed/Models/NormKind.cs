namespace Heed.Models;

/// <summary>Which normalisation a model's blocks use.</summary>
public enum NormKind
{
    /// <summary>RMSNorm: no mean, no shift.</summary>
    Rms,

    /// <summary>LayerNorm with gain and shift.</summary>
    Layer,

    /// <summary>
    /// BatchNorm, by the statistics of a training step's rows and by running ones otherwise; see <see cref="Nn.BatchNorm"/> for
    /// what that means to a causal model.
    /// </summary>
    Batch,
}
