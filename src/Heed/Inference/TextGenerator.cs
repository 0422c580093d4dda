using System.Diagnostics;
using Heed.Inference.Drafting;
using Heed.Models;

namespace Heed.Inference;

/// <summary>
/// The loop that reads a prompt and generates text after it: prefill in chunks, decode, choose, stop. One generation at a
/// time; synchronous, the caller brings the thread.
/// </summary>
internal sealed class TextGenerator(WritingModel model, TokenHistory history) : IDisposable
{
    private readonly Transformer _network = model.Network;
    private readonly PromptReader _reader = new(model);
    private readonly SemaphoreSlim _running = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private int _disposed;
    private readonly float[] _logits = new float[model.VocabSize];
    private Speculator? _speculator;

    /// <summary>
    /// Generates after <paramref name="prompt"/> and hands every piece to <paramref name="emit"/>; the last one ends it. A
    /// receiver that waits must give up when the token that it is handed is cancelled, by the caller or by Dispose.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is generating already.</exception>
    public void Run(ReadOnlySpan<int> prompt, GenerationOptions options, Action<CompletionPiece, CancellationToken> emit, CancellationToken cancellation)
    {
        Enter();
        try
        {
            options.Validate().Speculation?.Check(model);
            CancellationToken draftCloses = options.Speculation?.Borrow() ?? CancellationToken.None;
            try
            {
                using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token, draftCloses);
                CancellationToken token = either.Token;
                Generate(prompt, options, piece => emit(piece, token), token);
            }
            finally
            {
                options.Speculation?.Return();
            }
        }
        finally
        {
            _running.Release();
        }
    }

    /// <summary>Does something else with the history; Dispose waits for its end.</summary>
    /// <exception cref="InvalidOperationException">It is generating.</exception>
    public T Use<T>(Func<TokenHistory, T> work)
    {
        Enter();
        try
        {
            return work(history);
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
        _speculator?.Dispose();
        history.Dispose();
        _reader.Dispose();
    }

    private void Enter()
    {
        bool entered = _running.Wait(0, CancellationToken.None), disposed = Volatile.Read(ref _disposed) != 0;
        if (entered && disposed) _running.Release();
        ObjectDisposedException.ThrowIf(disposed, this);
        if (!entered) throw new InvalidOperationException("Generate: the last text is still being generated; one at a time.");
    }

    private void Generate(ReadOnlySpan<int> prompt, GenerationOptions options, Action<CompletionPiece> emit, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        int[] fitted = _network.Encoder is null ? model.Fit(prompt, options, history.MaxTokens) : [ReadSource(prompt, options, cancellation)];
        GenerationRow row = new(model, options, fitted, emit);
        List<TokenScore> scores = [];
        int cached = 0;
        if (options.EchoPrompt && row.Scorer is { } scorer)
        {
            history.Truncate(0);
            scores = _reader.ReadScored(history, fitted, scorer, _logits, cancellation);
        }
        else
        {
            cached = history.KeepShared(fitted);
            _reader.Read(history, fitted.AsSpan(cached), _logits, cancellation);
        }
        TimeSpan prefill = Stopwatch.GetElapsedTime(start);
        start = Stopwatch.GetTimestamp();
        if (options.EchoPrompt) row.Echo(fitted, scores);
        Speculator? speculator = Speculates(options.Speculation, row);
        FinishReason reason = Decode(options, row, speculator, cancellation);
        int read = _network.Encoder is null ? fitted.Length : history.Cache.Memory!.Longest;
        row.Finish(reason, new Usage(read, cached, row.Tokens, prefill, Stopwatch.GetElapsedTime(start))
        {
            DraftedTokens = speculator?.Drafted ?? 0,
            AcceptedTokens = speculator?.Accepted ?? 0,
        });
    }

    /// <summary>What drafts for a row; it keeps its memory for the texts after it.</summary>
    private Speculator? Speculates(Speculation? options, GenerationRow row)
    {
        if (!ReferenceEquals(options, _speculator?.Options))
        {
            _speculator?.Dispose();
            _speculator = null;
            if (options is not null) _speculator = new Speculator(options, model, history, _reader.Scope);
        }
        _speculator?.Begin(row);
        return _speculator;
    }

    private FinishReason Decode(GenerationOptions options, GenerationRow row, Speculator? speculator, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        FinishReason? reason = row.Next(_logits, cancellation);
        while (reason is null)
        {
            cancellation.ThrowIfCancellationRequested();
            if (history.IsFull)
            {
                if (options.Overflow == ContextOverflow.Stop) return FinishReason.ContextFull;
                int[] rest = history.YoungerHalf(model.Tokenizer.BosId);
                history.Truncate(0);
                _reader.Read(history, rest, _logits, cancellation);
            }
            reason = speculator is not null ? speculator.Step(row, cancellation) : Step(row, cancellation);
        }
        return reason.Value;
    }

    private FinishReason? Step(GenerationRow row, CancellationToken cancellation)
    {
        _reader.Read(history, [row.Token], _logits, cancellation);
        return row.Next(_logits, cancellation);
    }

    private int ReadSource(ReadOnlySpan<int> prompt, GenerationOptions options, CancellationToken cancellation)
    {
        history.Truncate(0);
        return model.ReadSource(history.Cache, prompt, options, cancellation);
    }
}
