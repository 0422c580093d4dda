using Heed.Models.Checkpoints;
using Heed.Tensors;

namespace Heed.Models.Quantization;

/// <summary>
/// How much each column of a model's matrices counts: the mean square of the input that it is multiplied with, over a
/// calibration text. A quantizer that weighs errors with it errs less in the layers' outputs.
/// </summary>
public sealed class ImportanceMatrix
{
    private readonly Dictionary<string, float[]> _means;

    private ImportanceMatrix(Dictionary<string, float[]> means, int tokens)
    {
        _means = means;
        Tokens = tokens;
    }

    /// <summary>How many tokens it was measured on.</summary>
    public int Tokens { get; }

    /// <summary>The names of the layers, by <see cref="WeightNames"/>.</summary>
    public IReadOnlyCollection<string> Layers => _means.Keys;

    /// <summary>Runs the model over a text and measures the inputs of all linear layers within blocks.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="tokens">The text; a few tens of thousands of tokens are plenty.</param>
    /// <param name="window">How many tokens the model sees at a time, at most its own bound.</param>
    /// <param name="progress">Told the share of the tokens that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends it within the time of one layer.</param>
    /// <param name="threads">How many threads; all cores if 0.</param>
    /// <exception cref="ArgumentException">There are no tokens.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ImportanceMatrix Measure(Checkpoint checkpoint, ReadOnlySpan<int> tokens, int window = 512,
        IProgress<double>? progress = null, CancellationToken cancellation = default, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        if (tokens.IsEmpty) throw new ArgumentException("ImportanceMatrix.Measure: there are no tokens; expected a text.", nameof(tokens));
        using Device? own = threads > 0 ? Device.CreateCpu(threads) : null;
        Dictionary<string, ColumnSquares> sums = [];
        Transformer model = new(checkpoint.Config, new ObservedWeights(checkpoint.Weights(own, cancellation: cancellation), sums));
        window = Math.Min(window, checkpoint.Config.MaxSeqLen);
        for (int at = 0; at < tokens.Length; at += window)
        {
            int count = Math.Min(window, tokens.Length - at);
            using (model.Forward(tokens.Slice(at, count), cancellation: cancellation))
                progress?.Report((double)(at + count) / tokens.Length);
        }
        return new ImportanceMatrix(sums.ToDictionary(sum => sum.Key, sum => sum.Value.Mean()), tokens.Length);
    }

    /// <summary>The mean squares of a layer's columns; null where none were measured.</summary>
    internal float[]? Of(string layer, int columns) => _means.GetValueOrDefault(layer) is { } mean && mean.Length == columns ? mean : null;
}
