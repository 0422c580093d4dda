using Heed.Models;
using Heed.Tensors;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Cli.Learning;

/// <summary>The loss over whole documents, in windows that may overlap: each token counts once, with at least window − stride tokens before it where the document has them.</summary>
/// <param name="Result">Loss and number of targets.</param>
/// <param name="Windows">How many windows it took.</param>
/// <param name="Window">The length of a window.</param>
/// <param name="Stride">How far they are apart.</param>
internal sealed record SlidingLoss(EvaluationResult Result, long Windows, int Window, int Stride)
{
    /// <exception cref="CommandException">No document has two tokens.</exception>
    public static SlidingLoss Measure(Transformer model, TokenCorpus corpus, int window, int stride, IProgress<double>? progress, CancellationToken cancellation)
    {
        using TensorScope scope = new();
        using GradientTape.Pause pause = GradientTape.NoGrad();
        double sum = 0;
        long targets = 0, windows = 0;
        for (int document = 0; document < corpus.DocumentCount; document++)
        {
            long start = corpus.DocumentStart(document), end = corpus.DocumentStart(document + 1);
            // The first place whose prediction has not been counted.
            long next = start;
            for (long from = start; next < end - 1; from += stride, windows++)
            {
                int length = (int)Math.Min(window, end - 1 - from);
                int[] tokens = new int[length + 1], labels = new int[length];
                corpus.Read(from, tokens);
                Array.Fill(labels, TrainingBatch.IgnoreIndex);
                for (int i = (int)(next - from); i < length; i++) labels[i] = tokens[i + 1];
                long counted = from + length - next;
                using TensorScope.Lease lease = scope.Enter();
                sum += model.Loss(tokens.AsSpan(0, length), labels, cancellation: cancellation).Item() * counted;
                targets += counted;
                next = from + length;
                progress?.Report((double)next / corpus.TokenCount);
            }
        }
        if (targets == 0) throw new CommandException("eval: the text has no token to predict; it needs at least two.");
        return new SlidingLoss(new EvaluationResult(sum / targets, targets), windows, window, stride);
    }
}
