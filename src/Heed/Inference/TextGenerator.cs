using System.Diagnostics;
using Heed.Models;
using Heed.Tensors;

namespace Heed.Inference;

/// <summary>
/// The loop that reads a prompt and generates text after it: prefill in chunks, decode, choose, stop. One generation at a
/// time; synchronous, the caller brings the thread.
/// </summary>
internal sealed class TextGenerator(WritingModel model, TokenHistory history) : IDisposable
{
    internal const int PrefillChunk = 256;
    // Of the logits of a prompt whose tokens are scored there are at most so many at a time.
    private const int MaxPromptLogits = 4 << 20;
    private readonly Transformer _network = model.Network;
    private readonly TensorScope _scope = new(recycles: true);
    private readonly SemaphoreSlim _running = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private int _disposed;
    private readonly float[] _logits = new float[model.VocabSize];

    /// <summary>
    /// Generates after <paramref name="prompt"/> and hands every piece to <paramref name="emit"/>; the last one ends it. A
    /// receiver that waits must give up when the token that it is handed is cancelled, by the caller or by Dispose.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is generating already.</exception>
    public void Run(ReadOnlySpan<int> prompt, GenerationOptions options, Action<CompletionPiece, CancellationToken> emit, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        if (!_running.Wait(0, CancellationToken.None)) throw new InvalidOperationException("Generate: the last text is still being generated; one at a time.");
        try
        {
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
            CancellationToken token = either.Token;
            Generate(prompt, options, piece => emit(piece, token), token);
        }
        finally
        {
            _running.Release();
        }
    }

    /// <summary>Cancels what is being generated, waits for it to end, and frees the memory.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _closing.Cancel();
        _running.Wait(CancellationToken.None);
        history.Dispose();
        _scope.Dispose();
    }

    private void Generate(ReadOnlySpan<int> prompt, GenerationOptions options, Action<CompletionPiece> emit, CancellationToken cancellation)
    {
        options.Validate();
        long start = Stopwatch.GetTimestamp();
        int[] fitted = _network.Encoder is null ? model.Fit(prompt, options, history.MaxTokens) : [ReadSource(prompt, options, cancellation)];
        GenerationRow row = new(model, options, fitted, emit);
        List<TokenScore> scores = [];
        int cached = 0;
        if (options.EchoPrompt && row.Scorer is { } scorer)
        {
            history.Truncate(0);
            ReadScored(fitted, scorer, scores, cancellation);
        }
        else
        {
            cached = history.KeepShared(fitted);
            Read(fitted.AsSpan(cached), cancellation);
        }
        TimeSpan prefill = Stopwatch.GetElapsedTime(start);
        start = Stopwatch.GetTimestamp();
        if (options.EchoPrompt) row.Echo(fitted, scores);
        FinishReason reason = Decode(options, row, cancellation);
        int read = _network.Encoder is null ? fitted.Length : history.Cache.Memory!.Longest;
        row.Finish(reason, new Usage(read, cached, row.Tokens, prefill, Stopwatch.GetElapsedTime(start)));
    }

    private FinishReason Decode(GenerationOptions options, GenerationRow row, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (row.Next(_logits, cancellation) is { } reason) return reason;
            if (history.IsFull)
            {
                if (options.Overflow == ContextOverflow.Stop) return FinishReason.ContextFull;
                int[] rest = history.YoungerHalf(model.Tokenizer.BosId);
                history.Truncate(0);
                Read(rest, cancellation);
            }
            Read([row.Token], cancellation);
        }
    }

    /// <summary>Lets the encoder read the prompt, with the end token that sources have in training.</summary>
    /// <returns>What the decoder begins with.</returns>
    private int ReadSource(ReadOnlySpan<int> prompt, GenerationOptions options, CancellationToken cancellation)
    {
        int[] end = model.Tokenizer.EosId is { } id && (prompt.IsEmpty || prompt[^1] != id) ? [id] : [];
        int[] source = model.Fit([.. prompt, .. end], options, _network.Encoder!.Config.MaxSeqLen);
        history.Truncate(0);
        _network.Encode(new SourceRows(source), history.Cache, cancellation);
        return model.FirstToken;
    }

    /// <summary>Feeds tokens to the model and keeps the logits after the last one.</summary>
    private void Read(ReadOnlySpan<int> tokens, CancellationToken cancellation)
    {
        while (!tokens.IsEmpty)
        {
            ReadOnlySpan<int> chunk = tokens[..Math.Min(PrefillChunk, tokens.Length)];
            using TensorScope.Lease step = _scope.Enter();
            Tensor logits = _network.Forward(chunk, history.Cache, cancellation: cancellation);
            history.Add(chunk);
            tokens = tokens[chunk.Length..];
            if (tokens.IsEmpty) logits.CopyTo(_logits);
        }
    }

    /// <summary>Feeds tokens to a cache that is empty, keeps the logits after the last one, and scores each by what came before it.</summary>
    private void ReadScored(ReadOnlySpan<int> tokens, TokenScorer scorer, List<TokenScore> scores, CancellationToken cancellation)
    {
        int vocabSize = model.VocabSize, most = Math.Clamp(MaxPromptLogits / vocabSize, 1, PrefillChunk);
        scores.Add(TokenScore.First);
        for (int start = 0; start < tokens.Length; start += most)
        {
            ReadOnlySpan<int> chunk = tokens.Slice(start, Math.Min(most, tokens.Length - start));
            using TensorScope.Lease step = _scope.Enter();
            ReadOnlySpan<float> logits = _network.Forward(chunk, history.Cache, rows: LogitRows.All, cancellation: cancellation).AsSpan();
            history.Add(chunk);
            for (int i = 0; i < chunk.Length; i++)
            {
                ReadOnlySpan<float> row = logits.Slice(i * vocabSize, vocabSize);
                if (scores.Count < tokens.Length) scores.Add(scorer.Score(row, tokens[scores.Count]));
                else row.CopyTo(_logits);
            }
        }
    }
}
