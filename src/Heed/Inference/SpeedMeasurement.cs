using System.Diagnostics;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Inference;

/// <summary>How fast a model reads a prompt and writes on: the network alone, greedy, without a tokenizer.</summary>
public sealed record SpeedMeasurement
{
    /// <summary>The rows of a batch.</summary>
    public required int Batch { get; init; }

    /// <summary>The tokens of each row's prompt.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>The tokens that are written on in each row.</summary>
    public required int NewTokens { get; init; }

    /// <summary>Tokens per second of reading the prompts, one figure a round.</summary>
    public required IReadOnlyList<double> Prefill { get; init; }

    /// <summary>Tokens per second of writing on, of all rows together, one figure a round.</summary>
    public required IReadOnlyList<double> Decode { get; init; }

    /// <summary>The bytes of the cache.</summary>
    public required long CacheBytes { get; init; }

    /// <summary>Measures a model; the first round warms it up and does not count.</summary>
    /// <param name="model">The model.</param>
    /// <param name="promptTokens">The tokens of each row's prompt; 1 or more.</param>
    /// <param name="newTokens">The tokens that are written on; 0 for none.</param>
    /// <param name="batch">The rows.</param>
    /// <param name="rounds">How often.</param>
    /// <param name="cacheType">What keys and values are rounded to.</param>
    /// <param name="cancellation">Looked at between tokens.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range, or prompt and new tokens exceed the model's context.</exception>
    /// <exception cref="NotSupportedException">The model has no cache, or none of that type.</exception>
    public static SpeedMeasurement Measure(Transformer model, int promptTokens, int newTokens, int batch = 1, int rounds = 5, KvCacheType cacheType = KvCacheType.F32,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(promptTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(newTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)promptTokens + newTokens, model.Config.MaxSeqLen, nameof(newTokens));
        // As a text is written, so that ranks that share the model do all that they do then.
        WritingAgreement? agreement = model.Ranks is { } ranks ? new WritingAgreement(ranks) : null;
        agreement?.Begin(cancellation);
        using TensorScope scope = new(recycles: true);
        using KvCache cache = model.CreateCache(batch, promptTokens + newTokens, type: cacheType);
        Random random = new(1);
        int[] prompt = new int[batch * promptTokens];
        for (int i = 0; i < prompt.Length; i++) prompt[i] = random.Next(model.Config.VocabSize);
        List<double> prefill = [], decode = [];
        for (int round = 0; round <= rounds; round++)
        {
            for (int row = 0; row < batch; row++) cache.Truncate(row, 0);
            double read = Seconds(() => Read(model, prompt, batch, cache, scope, agreement, cancellation));
            double write = Seconds(() => Write(model, newTokens, batch, cache, scope, agreement, cancellation));
            if (round == 0) continue;
            prefill.Add(prompt.Length / read);
            if (newTokens > 0) decode.Add((double)batch * newTokens / write);
        }
        return new SpeedMeasurement { Batch = batch, PromptTokens = promptTokens, NewTokens = newTokens, Prefill = prefill, Decode = decode, CacheBytes = cache.Bytes };
    }

    private static void Read(Transformer model, int[] prompt, int batch, KvCache cache, TensorScope scope, WritingAgreement? agreement, CancellationToken cancellation)
    {
        int length = prompt.Length / batch;
        for (int start = 0; start < length; start += PromptReader.Chunk)
        {
            int count = Math.Min(PromptReader.Chunk, length - start);
            int[] chunk = new int[batch * count];
            for (int row = 0; row < batch; row++) prompt.AsSpan(row * length + start, count).CopyTo(chunk.AsSpan(row * count));
            using TensorScope.Lease step = scope.Enter();
            agreement?.Check(chunk, cache.Length());
            model.Forward(chunk, cache, cancellation: cancellation);
        }
    }

    private static void Write(Transformer model, int count, int batch, KvCache cache, TensorScope scope, WritingAgreement? agreement, CancellationToken cancellation)
    {
        int[] tokens = new int[batch];
        for (int i = 0; i < count; i++)
        {
            using TensorScope.Lease step = scope.Enter();
            agreement?.Check(tokens, cache.Length());
            ReadOnlySpan<float> logits = model.Forward(tokens, cache, cancellation: cancellation).AsSpan();
            for (int row = 0; row < batch; row++) tokens[row] = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits.Slice(row * model.Config.VocabSize, model.Config.VocabSize));
        }
    }

    private static double Seconds(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
