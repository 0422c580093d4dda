using Heed.Models;
using Heed.Tensors;
using Heed.Tokenizers;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Cli.Learning;

/// <summary>
/// The loss over the text of whole documents, in windows that may overlap: each token counts once, with at least window − stride
/// tokens before it where the document has them. A document is read after BOS, or after EOS where the tokenizer has no BOS, so
/// that its first token is predicted too; its end is not text and does not count.
/// </summary>
/// <param name="Result">Loss and number of targets.</param>
/// <param name="Bytes">The bytes of the text that the targets stand for.</param>
/// <param name="Windows">How many windows it took.</param>
/// <param name="Window">The length of a window.</param>
/// <param name="Stride">How far they are apart.</param>
/// <param name="Unknown">How many tokens stand for text that the vocabulary cannot spell.</param>
internal sealed record SlidingLoss(EvaluationResult Result, long Bytes, long Windows, int Window, int Stride, long Unknown)
{
    public double BitsPerByte => Result.BitsPerByte(Bytes);

    /// <exception cref="CommandException">No token is predicted.</exception>
    public static SlidingLoss Measure(Transformer model, TokenCorpus corpus, Tokenizer tokenizer, int window, int stride, IProgress<double>? progress, CancellationToken cancellation)
    {
        using TensorScope scope = new();
        using GradientTape.Pause pause = GradientTape.NoGrad();
        double sum = 0;
        long targets = 0, windows = 0, unknown = 0, bytes = corpus.TextBytes;
        for (int document = 0; document < corpus.DocumentCount; document++)
        {
            int[] ids = Read(corpus, document, tokenizer, out int unpredicted);
            bytes -= unpredicted;
            if (tokenizer.UnknownId is { } none) unknown += ids.AsSpan().Count(none);
            // The first place whose prediction has not been counted.
            int next = 0;
            for (int from = 0; next < ids.Length - 1; from += stride, windows++)
            {
                int length = Math.Min(window, ids.Length - 1 - from), counted = from + length - next;
                int[] labels = ids[(from + 1)..(from + length + 1)];
                labels.AsSpan(0, next - from).Fill(TrainingBatch.IgnoreIndex);
                using TensorScope.Lease lease = scope.Enter();
                sum += model.Loss(ids.AsSpan(from, length), labels, cancellation: cancellation).Item() * counted;
                targets += counted;
                next = from + length;
                progress?.Report((double)(corpus.DocumentStart(document) + next) / corpus.TokenCount);
            }
        }
        if (targets == 0) throw new CommandException("eval: the text has no token to predict; it needs at least two.");
        return new SlidingLoss(new EvaluationResult(sum / targets, targets), bytes, windows, window, stride, unknown);
    }

    /// <summary>What a document is read after, and its text.</summary>
    /// <param name="corpus">The documents.</param>
    /// <param name="document">Which one.</param>
    /// <param name="tokenizer">What made the ids.</param>
    /// <param name="unpredicted">The bytes of the first token where nothing can stand before it.</param>
    private static int[] Read(TokenCorpus corpus, int document, Tokenizer tokenizer, out int unpredicted)
    {
        long start = corpus.DocumentStart(document), end = corpus.DocumentStart(document + 1);
        int[] ids = new int[checked((int)(end - start))];
        corpus.Read(start, ids);
        // The corpus has put them there.
        if (tokenizer.EosId is not null) ids = ids[..^1];
        if (tokenizer.AddsBos) ids = ids[1..];
        int? before = tokenizer.BosId ?? tokenizer.EosId;
        unpredicted = before is null ? tokenizer.TokenBytes(ids[0]).Length : 0;
        return before is { } first ? [first, .. ids] : ids;
    }
}
