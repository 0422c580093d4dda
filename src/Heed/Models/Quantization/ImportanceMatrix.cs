using Heed.Models.Checkpoints;
using Heed.Tensors;

namespace Heed.Models.Quantization;

/// <summary>
/// How much each column of a model's matrices counts: the mean square of the input that it is multiplied with, over a
/// calibration text. A quantizer that weighs errors with it errs less in the layers' outputs.
/// </summary>
public sealed class ImportanceMatrix
{
    private readonly Dictionary<string, InputSquares> _layers;

    internal ImportanceMatrix(Dictionary<string, InputSquares> layers, int tokens, int window)
    {
        _layers = layers;
        Tokens = tokens;
        Window = window;
    }

    /// <summary>How many tokens it was measured on.</summary>
    public int Tokens { get; }

    /// <summary>How many of them the model saw at a time.</summary>
    public int Window { get; }

    /// <summary>The names of the layers, by <see cref="WeightNames"/>; the table's among them where it is the output layer too.</summary>
    public IReadOnlyCollection<string> Layers => _layers.Keys;

    /// <summary>Runs the model over a text and measures the inputs of all linear layers, the output layer included.</summary>
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
            using (model.Forward(tokens.Slice(at, count), rows: LogitRows.All, cancellation: cancellation))
                progress?.Report((double)(at + count) / tokens.Length);
        }
        return new ImportanceMatrix(Seen(sums), tokens.Length, window);
    }

    /// <summary>Reads a file that <see cref="Save"/> or llama.cpp's llama-imatrix wrote.</summary>
    /// <param name="path">A GGUF file of sums of squares (NAME.in_sum2) and counts (NAME.counts) by GGUF's names of matrices.</param>
    /// <param name="config">The model that it is for; matrices that the file lacks count as not measured.</param>
    /// <exception cref="FileFormatException">It is no such file, is damaged, or is of another model.</exception>
    /// <exception cref="NotSupportedException">No GGUF architecture has such a model, so that its matrices have no names.</exception>
    /// <exception cref="IOException">It is absent or cannot be read.</exception>
    public static ImportanceMatrix Load(string path, ModelConfig config)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(config);
        return ImportanceFile.Read(path, config);
    }

    /// <summary>Writes it as a GGUF file as llama.cpp's llama-imatrix does since 2025, so that either reads the other's. The file appears once it is complete.</summary>
    /// <param name="path">Where to; a file that is there is replaced.</param>
    /// <param name="config">The model that it was measured on.</param>
    /// <param name="datasets">The names of the texts, or null for none.</param>
    /// <exception cref="NotSupportedException">No GGUF architecture has such a model, so that its matrices have no names.</exception>
    /// <exception cref="IOException">The file cannot be written; what was there stays.</exception>
    public void Save(string path, ModelConfig config, IReadOnlyList<string>? datasets = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(config);
        ImportanceFile.Write(path, config, this, datasets ?? []);
    }

    /// <summary>What was measured of a layer's inputs, or null.</summary>
    internal InputSquares? Find(string layer) => _layers.GetValueOrDefault(layer);

    /// <summary>The mean squares of a layer's columns; null where none were measured.</summary>
    internal float[]? Of(string layer, int columns) => Find(layer) is { } squares && squares.Sums.Length == columns ? squares.Mean() : null;

    // A table that no logits come from is never multiplied with.
    private static Dictionary<string, InputSquares> Seen(Dictionary<string, ColumnSquares> sums) =>
        sums.Select(sum => (sum.Key, Total: sum.Value.Total())).Where(sum => sum.Total.Rows > 0).ToDictionary(sum => sum.Key, sum => sum.Total);
}
