using Heed.Models;
using Heed.Nn;

namespace Heed.Training;

/// <summary>
/// Model FLOPs utilisation: the share of a machine's peak that goes into the model's own arithmetic, forward and backward
/// (Chowdhery et al. 2022, arXiv 2204.02311, appendix B).
/// </summary>
public static class MfuEstimate
{
    /// <summary>
    /// Operations per token: 6·N + 12·L·H·Q·T for N parameters without a table of learned positions, L layers, H heads of
    /// size Q, and sequences of T tokens; in layers with a window at most the window's tokens, in those with a pattern the pairs of queries
    /// and keys that it shows. Values of another size R have (Q + R)/2 in Q's place. Beside an encoder its own work and the decoder's looks at
    /// it are added, for a source of T tokens, or of the encoder's whole context if that is shorter. Other mixers have the work of their own
    /// sums in attention's place, and their tables of biases, projections and decays are not in N.
    /// </summary>
    public static double FlopsPerToken(ModelConfig config, int seqLen)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentOutOfRangeException.ThrowIfLessThan(seqLen, 1);
        return 6.0 * (config.ParameterCount() - MixingFlops.Tables(config)) + MixingFlops.PerToken(config, seqLen);
    }

    /// <summary>
    /// As <see cref="FlopsPerToken(ModelConfig, int)"/> where only some parameters are trained: 6 operations for each of them and 4
    /// for each other, whose own gradient is not computed.
    /// </summary>
    /// <param name="config">The model without its adapters.</param>
    /// <param name="seqLen">T.</param>
    /// <param name="trained">The parameters that are trained; adapters come on top of the model's own.</param>
    public static double FlopsPerToken(ModelConfig config, int seqLen, IReadOnlyList<Parameter> trained)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(trained);
        static long Count(IEnumerable<Parameter> parameters) => parameters.Sum(parameter => (long)(parameter.Shard?.Whole ?? parameter.Value.Shape).ElementCount);
        long all = config.ParameterCount() - MixingFlops.Tables(config);
        long own = Count(trained.Where(parameter => !parameter.IsAdapter && !MixingFlops.IsTable(parameter.Name))), adapters = Count(trained.Where(parameter => parameter.IsAdapter));
        return 6.0 * (own + adapters) + 4.0 * (all - own) + MixingFlops.PerToken(config, seqLen);
    }

    /// <summary>As <see cref="FlopsPerToken(ModelConfig, int)"/> for attention without a window, from the numbers themselves.</summary>
    public static double FlopsPerToken(long parameters, int layers, int heads, int headSize, int seqLen) =>
        6.0 * parameters + 12.0 * layers * heads * headSize * seqLen;

    /// <summary>The utilisation, 1 at the peak: operations per token times tokens per second, over the peak.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The peak is not above 0.</exception>
    public static double Of(double flopsPerToken, double tokensPerSecond, double peakFlops)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(peakFlops);
        return flopsPerToken * tokensPerSecond / peakFlops;
    }
}
