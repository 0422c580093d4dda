using Heed.Cli.Learning;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Tokenizers;
using Heed.Training.Data;

namespace Heed.Cli.Converting;

/// <summary>Measures on a text how much each column of a model's matrices counts.</summary>
internal static class Calibration
{
    private const int Window = 512;
    private const int MostTokens = 1 << 18;

    /// <exception cref="CommandException">The file has no text.</exception>
    public static ImportanceMatrix Measure(string file, Checkpoint checkpoint, Tokenizer tokenizer, int threads, Terminal terminal, CancellationToken cancellation)
    {
        int[] tokens;
        using (TokenizingLine reading = new(terminal))
        {
            TokenMemory corpus = TokenMemory.FromSource(new TextSource(file), tokenizer, reading, cancellation);
            tokens = new int[(int)Math.Min(corpus.TokenCount, MostTokens)];
            corpus.Read(0, tokens);
        }
        if (tokens.Length == 0) throw new CommandException($"--calibrate {file}: there is no text in it.");
        using ProgressLine measuring = new(terminal, "calibrating");
        return ImportanceMatrix.Measure(checkpoint, tokens, Window, measuring, cancellation, threads);
    }
}
