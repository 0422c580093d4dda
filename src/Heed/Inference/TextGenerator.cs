using System.Diagnostics;
using Heed.Inference.Grammars;
using Heed.Models;
using Heed.Tensors;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>
/// The loop that reads a prompt and generates text after it: prefill in chunks, decode, choose, stop. One generation at a
/// time; synchronous, the caller brings the thread.
/// </summary>
internal sealed class TextGenerator(Transformer model, Tokenizer tokenizer, TokenHistory history, IReadOnlyCollection<int> endTokens, Lazy<VocabularyTrie> vocabulary) : IDisposable
{
    internal const int PrefillChunk = 256;
    // Of the logits of a prompt whose tokens are scored there are at most so many at a time.
    private const int MaxPromptLogits = 4 << 20;
    private readonly TensorScope _scope = new(recycles: true);
    private readonly SemaphoreSlim _running = new(1, 1);
    private readonly CancellationTokenSource _closing = new();
    private int _disposed;
    private readonly float[] _logits = new float[model.Config.VocabSize];

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
        Sampler sampler = new(options, model.Config.VocabSize);
        TokenScorer? scorer = TokenScorer.Of(options);
        long start = Stopwatch.GetTimestamp();
        int[] fitted = model.Encoder is null ? Fit(prompt, options, history.MaxTokens) : [ReadSource(prompt, options, cancellation)];
        foreach (int token in fitted) sampler.Observe(token);
        List<TokenScore> scores = [];
        int cached = 0;
        if (options.EchoPrompt && scorer is not null)
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
        // After a begin token alone a text begins, and a space that encoding would have put before it is none of it.
        bool continues = Array.Exists(fitted, token => token < tokenizer.VocabSize && !tokenizer.IsSpecial(token));
        PieceWriter writer = new(tokenizer, options, continues, emit);
        if (options.EchoPrompt) writer.Echo(fitted, scores);
        GrammarConstraint? grammar = options.Grammar is { } asked ? new(vocabulary.Value.For(asked), tokenizer, options, endTokens, _logits.Length, continues) : null;
        FinishReason reason = Decode(options, sampler, scorer, writer, grammar, cancellation);
        Usage usage = new(model.Encoder is null ? fitted.Length : history.Cache.Memory!.Longest, cached, writer.Tokens, prefill, Stopwatch.GetElapsedTime(start));
        writer.Finish(reason, usage);
    }

    private FinishReason Decode(GenerationOptions options, Sampler sampler, TokenScorer? scorer, PieceWriter writer, GrammarConstraint? grammar, CancellationToken cancellation)
    {
        int most = options.MaxTokens ?? int.MaxValue;
        while (writer.Tokens < most)
        {
            cancellation.ThrowIfCancellationRequested();
            if (grammar is { IsFinished: true }) return FinishReason.EndToken;
            int token = sampler.Sample(grammar is null ? _logits : grammar.Apply(_logits, cancellation));
            sampler.Observe(token);
            TokenScore? score = scorer?.Score(_logits, token);
            if (!options.IgnoreEndTokens && endTokens.Contains(token))
            {
                writer.End(token, score);
                return FinishReason.EndToken;
            }
            if (options.StopTokens.Contains(token))
            {
                writer.End(token, score);
                return FinishReason.Stop;
            }
            grammar?.Observe(token);
            if (writer.Add(token, score)) return FinishReason.Stop;
            if (grammar is { IsFinished: true }) return FinishReason.EndToken; // Without reading the last token.
            if (writer.Tokens >= most) break;
            if (history.IsFull)
            {
                if (options.Overflow == ContextOverflow.Stop) return FinishReason.ContextFull;
                int[] rest = history.YoungerHalf(tokenizer.BosId);
                history.Truncate(0);
                Read(rest, cancellation);
            }
            Read(new ReadOnlySpan<int>(in token), cancellation);
        }
        return FinishReason.MaxTokens;
    }

    /// <summary>Lets the encoder read the prompt, with the end token that sources have in training.</summary>
    /// <returns>What the decoder begins with.</returns>
    private int ReadSource(ReadOnlySpan<int> prompt, GenerationOptions options, CancellationToken cancellation)
    {
        int[] end = tokenizer.EosId is { } id && (prompt.IsEmpty || prompt[^1] != id) ? [id] : [];
        int[] source = Fit([.. prompt, .. end], options, model.Encoder!.Config.MaxSeqLen);
        history.Truncate(0);
        model.Encode(new SourceRows(source), history.Cache, cancellation);
        return FirstToken;
    }

    /// <summary>What stands before a text: what begins one, or else what ends one.</summary>
    private int FirstToken => tokenizer.BosId ?? tokenizer.EosId
        ?? throw new ArgumentException("Complete: something must stand before the first token, and the model has neither a begin nor an end token; give at least one token.");

    /// <summary>The prompt as it goes into a context: never empty, and cut at its beginning if it may be.</summary>
    private int[] Fit(ReadOnlySpan<int> prompt, GenerationOptions options, int bound)
    {
        if (prompt.IsEmpty) return [FirstToken];
        foreach (int token in prompt)
            if ((uint)token >= (uint)model.Config.VocabSize)
                throw new ArgumentOutOfRangeException(nameof(prompt), token, $"Complete: token {token} is not in the model's vocabulary of {model.Config.VocabSize}.");
        if (prompt.Length <= bound) return prompt.ToArray();
        if (options.Overflow == ContextOverflow.Stop) throw new ContextOverflowException(prompt.Length, bound);
        bool begins = tokenizer.BosId is { } bos && prompt[0] == bos;
        int kept = Math.Max(1, bound / 2);
        return begins && kept > 1 ? [prompt[0], .. prompt[^(kept - 1)..]] : prompt[^kept..].ToArray();
    }

    /// <summary>Feeds tokens to the model and keeps the logits after the last one.</summary>
    private void Read(ReadOnlySpan<int> tokens, CancellationToken cancellation)
    {
        while (!tokens.IsEmpty)
        {
            ReadOnlySpan<int> chunk = tokens[..Math.Min(PrefillChunk, tokens.Length)];
            using TensorScope.Lease step = _scope.Enter();
            Tensor logits = model.Forward(chunk, history.Cache, cancellation: cancellation);
            history.Add(chunk);
            tokens = tokens[chunk.Length..];
            if (tokens.IsEmpty) logits.CopyTo(_logits);
        }
    }

    /// <summary>Feeds tokens to a cache that is empty, keeps the logits after the last one, and scores each by what came before it.</summary>
    private void ReadScored(ReadOnlySpan<int> tokens, TokenScorer scorer, List<TokenScore> scores, CancellationToken cancellation)
    {
        int vocabSize = model.Config.VocabSize, most = Math.Clamp(MaxPromptLogits / vocabSize, 1, PrefillChunk);
        scores.Add(TokenScore.First);
        for (int start = 0; start < tokens.Length; start += most)
        {
            ReadOnlySpan<int> chunk = tokens.Slice(start, Math.Min(most, tokens.Length - start));
            using TensorScope.Lease step = _scope.Enter();
            ReadOnlySpan<float> logits = model.Forward(chunk, history.Cache, rows: LogitRows.All, cancellation: cancellation).AsSpan();
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
