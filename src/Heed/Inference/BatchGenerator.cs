using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Inference;

/// <summary>
/// Writes several texts at once: each step reads one token of every text that is under way, and a text that ends makes room for the
/// next one. Prompts are read one after the other; what one begins with and another text has read is taken from there. Synchronous;
/// the caller brings the thread.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="createCache">Makes the cache of all texts, if it can be paged, or of each text.</param>
/// <param name="maxTokens">The context's length.</param>
/// <param name="maxRows">The most texts under way.</param>
internal sealed class BatchGenerator(WritingModel model, Func<KvCache> createCache, int maxTokens, int maxRows) : IDisposable
{
    private readonly PromptReader _reader = new(model);
    private readonly float[] _logits = new float[model.VocabSize];
    private readonly List<BatchRow> _rows = [];
    private KvCache? _paged;

    /// <summary>Writes the texts of all requests and hands their pieces on; a text's error is handed on in place of its last piece.</summary>
    /// <param name="prompts">What gives the tokens of each prompt, and how to write on.</param>
    /// <param name="emit">Takes pieces; must give up waiting when cancelled.</param>
    /// <param name="cancellation">Ends all.</param>
    public void Run(IReadOnlyList<(Func<int[]> Prompt, GenerationOptions Options)> prompts, Action<BatchPiece> emit, CancellationToken cancellation)
    {
        int next = 0;
        while (next < prompts.Count || _rows.Count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            if (next < prompts.Count && _rows.Count < maxRows)
            {
                int number = next++;
                Alone(number, null, emit, () => Join(number, prompts[number].Prompt(), prompts[number].Options, emit, cancellation));
            }
            else
            {
                Step(emit, cancellation);
            }
            Drop();
        }
    }

    public void Dispose()
    {
        foreach (BatchRow row in _rows) row.History.Cache.Dispose();
        _paged?.Dispose();
        _reader.Dispose();
    }

    /// <summary>Lets a text read its prompt and choose its first token.</summary>
    private void Join(int number, int[] prompt, GenerationOptions options, Action<BatchPiece> emit, CancellationToken cancellation)
    {
        bool hasSource = model.Network.Encoder is not null;
        int[] fitted = hasSource ? [model.FirstToken] : model.Fit(prompt, options, maxTokens);
        GenerationRow text = new(model, options, fitted, piece => emit(new BatchPiece(number, piece)));
        bool scores = options.EchoPrompt && text.Scorer is not null;
        BatchRow row = new(number, text, Place(scores || hasSource ? [] : fitted), options);
        _rows.Add(row);
        Alone(number, row, emit, () =>
        {
            if (hasSource) model.ReadSource(row.History.Cache, prompt, options, cancellation);
            int cached = row.History.KeepShared(fitted);
            List<TokenScore> echoed = [];
            if (scores) echoed = _reader.ReadScored(row.History, fitted, text.Scorer!, _logits, cancellation);
            else _reader.Read(row.History, fitted.AsSpan(cached), _logits, cancellation);
            row.Prompt = (hasSource ? row.History.Cache.Memory!.Longest : fitted.Length, cached);
            row.BeginDecode();
            if (options.EchoPrompt) text.Echo(fitted, echoed);
            Choose(row, _logits, cancellation);
        });
    }

    /// <summary>Memory for a text, in which what it begins with may have been read already.</summary>
    private TokenHistory Place(ReadOnlySpan<int> prompt)
    {
        if (_paged is null)
        {
            KvCache cache = createCache();
            if (!cache.IsPaged) return new TokenHistory(cache, maxTokens);
            _paged = cache;
        }
        int like = -1, most = 0;
        for (int i = 0; i < _rows.Count; i++)
            if (_rows[i].History.Shared(prompt) is int shared && shared > most) (like, most) = (i, shared);
        int[] order = new int[_rows.Count + 1];
        for (int i = 0; i < _rows.Count; i++) order[i] = i;
        order[^1] = like;
        _paged.Arrange(order);
        TokenHistory history = new(_paged, maxTokens, _rows.Count);
        if (like >= 0) history.Add(_rows[like].History.Tokens);
        return history;
    }

    /// <summary>Reads the token that each text has chosen, and lets each choose the next one.</summary>
    private void Step(Action<BatchPiece> emit, CancellationToken cancellation)
    {
        foreach (BatchRow row in _rows)
            if (row.History.IsFull) Alone(row.Number, row, emit, () => Slide(row, cancellation));
        Drop();
        if (_rows.Count == 0) return;
        if (_paged is not null)
        {
            int[] tokens = [.. _rows.Select(row => row.Text.Token)];
            using TensorScope.Lease step = _reader.Scope.Enter();
            Tensor logits = model.Forward(tokens, _paged, cancellation: cancellation); // [rows, vocabulary]
            for (int i = 0; i < _rows.Count; i++)
            {
                BatchRow row = _rows[i];
                row.History.Add([row.Text.Token]);
                int first = i * model.VocabSize;
                Alone(row.Number, row, emit, () => Choose(row, logits.AsSpan().Slice(first, model.VocabSize), cancellation));
            }
            return;
        }
        foreach (BatchRow row in _rows)
            Alone(row.Number, row, emit, () =>
            {
                _reader.Read(row.History, [row.Text.Token], _logits, cancellation);
                Choose(row, _logits, cancellation);
            });
    }

    /// <summary>Ends a text whose context is full, or lets it go on with the younger half.</summary>
    private void Slide(BatchRow row, CancellationToken cancellation)
    {
        if (row.Options.Overflow == ContextOverflow.Stop)
        {
            End(row, FinishReason.ContextFull);
            return;
        }
        int[] rest = row.History.YoungerHalf(model.Tokenizer.BosId);
        row.History.Truncate(0);
        _reader.Read(row.History, rest, _logits, cancellation);
    }

    private static void Choose(BatchRow row, ReadOnlySpan<float> logits, CancellationToken cancellation)
    {
        if (row.Text.Next(logits, cancellation) is { } reason) End(row, reason);
    }

    private static void End(BatchRow row, FinishReason reason)
    {
        row.HasEnded = true;
        row.Text.Finish(reason, row.Usage());
    }

    /// <summary>Does what concerns one text; an error ends that text alone.</summary>
    private static void Alone(int number, BatchRow? row, Action<BatchPiece> emit, Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (error is not (OperationCanceledException or OutOfMemoryException))
        {
            if (row is not null) row.HasEnded = true;
            emit(new BatchPiece(number, null, error));
        }
    }

    /// <summary>Gives back the memory of texts that have ended.</summary>
    private void Drop()
    {
        if (!_rows.Exists(row => row.HasEnded)) return;
        int[] kept = [.. Enumerable.Range(0, _rows.Count).Where(i => !_rows[i].HasEnded)];
        if (_paged is null)
            foreach (BatchRow row in _rows.Where(row => row.HasEnded)) row.History.Cache.Dispose();
        else _paged.Arrange(kept.Length > 0 ? kept : [-1]);
        _rows.RemoveAll(row => row.HasEnded);
        for (int i = 0; i < _rows.Count && _paged is not null; i++) _rows[i].History.Row = i;
    }
}
