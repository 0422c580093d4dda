using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>
/// A transformer of the Llama family and its relatives (Touvron et al. 2023, arXiv 2302.13971): embedding, blocks, norm,
/// output; a decoder, or an encoder where <see cref="ModelConfig.Bidirectional"/> says so. The one forward pass of the library: it serves prefill, decode and evaluation, on every device
/// and for every kind of weights.
/// </summary>
/// <remarks>
/// Safe for concurrent calls, each with a cache of its own. A token's logits do not depend, to the last bit, on the
/// number of threads, on what else is in the batch, on padding, or on how its sequence is cut into calls. The exception are
/// scalings whose angles depend on the length itself (dynamic NTK, LongRoPE): past the original length, the longest row of
/// a call decides for all of its rows.
/// </remarks>
[System.Runtime.CompilerServices.SkipLocalsInit]
public sealed partial class Transformer
{
    private readonly TransformerBlock[] _blocks;
    private readonly SequenceMixer[]? _mixers;
    private readonly int[] _windows;

    /// <summary>Builds the model that <paramref name="config"/> describes, with layers from <paramref name="weights"/>.</summary>
    /// <exception cref="ArgumentException">The configuration does not make a model.</exception>
    public Transformer(ModelConfig config, IWeightSource weights)
        : this(config.Validate(), weights, decoder: null)
    {
        if (config.Encoder is { } encoder) Encoder = new Transformer(encoder, weights.Scope(WeightNames.Encoder), decoder: this);
    }

    /// <summary>A whole model but for its encoder, or the encoder beside a decoder.</summary>
    private Transformer(ModelConfig config, IWeightSource weights, Transformer? decoder)
    {
        Config = config;
        Device = weights.Device;
        Embedding = decoder?.Embedding ?? weights.Embedding(WeightNames.Embedding, config.VocabSize, config.HiddenSize);
        if (config.Positions == PositionKind.Learned)
            PositionEmbedding = weights.Embedding(WeightNames.PositionEmbedding, config.MaxSeqLen, config.HiddenSize);
        if (config.Positions == PositionKind.Sinusoidal)
            PositionEmbedding = new SinusoidalEmbedding(config.MaxSeqLen, config.HiddenSize, config.SinusoidalLayout, Device);
        RotaryPositions? rotary = config.Positions == PositionKind.Rotary
            ? new RotaryPositions(config.RotarySize, config.RopeTheta, config.MaxSeqLen, config.RopeLayout, config.RopeScaling, Device)
            : null;
        DistanceBiases? biases = config.Positions switch
        {
            PositionKind.Alibi => new AlibiBiases(config.HeadShare ?? (0, config.NumHeads), config.NumHeads, Device),
            PositionKind.Relative => RelativeBiases = new RelativeBiases(weights.Embedding(WeightNames.RelativeBias, config.RelativeBuckets, config.NumHeads), config.RelativeMaxDistance, config.Bidirectional),
            _ => null,
        };
        IWeightSource blocks = weights.Scope(WeightNames.Blocks);
        _blocks = new TransformerBlock[config.NumLayers];
        for (int i = 0; i < _blocks.Length; i++)
            _blocks[i] = new TransformerBlock(config, blocks.Scope(i.ToString(CultureInfo.InvariantCulture)), i, rotary, biases);
        _windows = [.. Enumerable.Range(0, config.NumLayers).Select(config.CachedWindowOf)];
        if (config.Mixer != MixerKind.Attention) _mixers = [.. _blocks.Select(block => block.Mixer)];
        if (config.NormPlacement == NormPlacement.Pre)
            FinalNorm = TransformerBlock.NormOf(config, weights, WeightNames.FinalNorm, config.HiddenSize);
        Output = decoder?.Output ?? (config.TieEmbeddings
            ? Embedding.AsLinear()
            : weights.Linear(WeightNames.Output, config.HiddenSize, config.VocabSize));
    }

    /// <summary>What the model is.</summary>
    public ModelConfig Config { get; }

    /// <summary>Where the model computes.</summary>
    public Device Device { get; }

    /// <summary>The token table.</summary>
    public Embedding Embedding { get; }

    /// <summary>The table of learned or sinusoidal positions, or null.</summary>
    public Embedding? PositionEmbedding { get; }

    /// <summary>The learned biases by distance, or null.</summary>
    public RelativeBiases? RelativeBiases { get; }

    /// <summary>The blocks, first to last.</summary>
    public IReadOnlyList<TransformerBlock> Blocks => _blocks;

    /// <summary>The norm before the output layer; null where each block ends with one.</summary>
    public Norm? FinalNorm { get; }

    /// <summary>The output layer; the token table's own where they are tied.</summary>
    public Linear Output { get; }

    /// <summary>The logits of a batch of tokens.</summary>
    /// <param name="tokens">Token ids, row after row: batch × seq of them.</param>
    /// <param name="cache">What the rows have seen before, and where these tokens are added; null to start from nothing.</param>
    /// <param name="positions">
    /// Where each token stands in its row, −1 for padding (left or right); empty to go on where the cache's rows end.
    /// </param>
    /// <param name="batch">The number of rows; the cache's if there is one.</param>
    /// <param name="rows">For which tokens.</param>
    /// <param name="sources">What a model's encoder reads, one text for each row; null where there is none, or where <see cref="Encode"/> has read them into the cache.</param>
    /// <param name="depth">
    /// How many blocks the tokens go through, the first ones; 0 for all. The final norm and the output layer come behind them (early exit): a guess
    /// at what the whole model says. The other blocks of a cache are then without these tokens until the row is cut back and they are read again.
    /// </param>
    /// <param name="cancellation">Looked at before each block.</param>
    /// <returns>[batch, vocabulary] for the last tokens, [batch, seq, vocabulary] for all.</returns>
    /// <exception cref="ArgumentException">The numbers of tokens, positions and rows do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the vocabulary, a position is out of bounds, or there are not so many blocks.</exception>
    /// <exception cref="NotSupportedException">There is a cache, and the model sees both ways.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the cache's rows are as long as they were before, or empty where they cannot be cut back (<see cref="KvCache.CanTruncateTo"/>).</exception>
    public Tensor Forward(ReadOnlySpan<int> tokens, KvCache? cache = null, scoped ReadOnlySpan<int> positions = default, int batch = 1,
        LogitRows rows = LogitRows.Last, SourceRows? sources = null, int depth = 0, CancellationToken cancellation = default) =>
        Run(tokens, cache, positions, batch, rows == LogitRows.All ? PassResult.Logits : PassResult.LastLogits, sources, depth, cancellation);

    private Tensor Run(ReadOnlySpan<int> tokens, KvCache? cache, scoped ReadOnlySpan<int> positions, int batch, PassResult result, SourceRows? sources, int depth,
        CancellationToken cancellation)
    {
        if (Config.Bidirectional && cache is not null) ThrowNoCache("Forward");
        if (depth == 0) depth = _blocks.Length;
        if ((uint)(depth - 1) >= (uint)_blocks.Length) ThrowDepth(depth);
        if (sources is not null && cache is not null)
            throw new ArgumentException("Forward: got sources and a cache; expected one of them: Encode reads sources into a cache.", nameof(sources));
        // Beside an encoder other mixers too go through a cache, since cross attention over one rounds otherwise than over rows of their own.
        if (cache is null && (GradientTape.IsRecording || Config.Bidirectional || _mixers is not null && Encoder is null))
        {
            using StepScope free = new(TensorScope.Current is null && !GradientTape.IsRecording);
            return free.Keep(OfOwnRows(tokens, positions, sources, batch, result, depth, cancellation));
        }
        using StepScope step = new(TensorScope.Current is null);
        if (cache is not null) batch = cache.Batch;
        cache?.CheckFits(Config.NumLayers, Config.KvHeads, (Config.HeadSize, Config.ValueHeadSize), Device, _windows, _mixers);
        cache?.CheckFilled(Config.HasGlobalProjections, reader: this);
        int seq = CheckSizes(tokens, positions, batch);
        Span<int> buffer = positions.IsEmpty && tokens.Length <= 256 ? stackalloc int[tokens.Length] : default;
        if (positions.IsEmpty) positions = NextPositions(cache, batch, seq, buffer);
        using KvCache? temporary = cache is null ? CreateCache(batch, Math.Min(seq, Config.MaxSeqLen)) : null;
        KvCache store = cache ?? temporary!;
        if (sources is not null) Encode(sources, store, cancellation);
        Span<int> before = batch <= 64 ? stackalloc int[batch] : new int[batch];
        for (int row = 0; row < batch; row++) before[row] = store.Length(row);
        try
        {
            Tensor computed = step.Keep(Compute(tokens, positions, store, batch, result, depth, cancellation));
            // The cache's memory is its own: nothing else keeps it while kernels read it.
            GC.KeepAlive(store);
            return computed;
        }
        catch
        {
            // What was reserved has not been written in every layer: forget it.
            for (int row = 0; row < batch; row++) store.Undo(row, before[row]);
            throw;
        }
    }

    private Tensor Compute(ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, KvCache cache, int batch, PassResult result, int depth,
        CancellationToken cancellation)
    {
        using TensorScope.Lease lease = TensorScope.Begin();
        ForwardPass pass = new(positions, cache, cache.Reserve(positions));
        Tensor x = Hidden(tokens, batch, pass, recompute: false, depth, cancellation);
        return lease.Return(Finish(x, positions, batch, result));
    }

    /// <summary>Rows that nothing is stored of. They begin at their first columns, so that tiles of keys are cut alike wherever padding lies.</summary>
    private Tensor OfOwnRows(ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, SourceRows? sources, int batch, PassResult result, int depth, CancellationToken cancellation)
    {
        OwnRows own = Own(tokens, batch, positions, default, dropoutSeed: null);
        if (LeftAligned.Of(own) is not { } aligned) return Compute(tokens, own, sources, batch, result, depth, cancellation);
        using TensorScope.Lease lease = TensorScope.Begin();
        own = Own(aligned.Move(tokens), batch, aligned.Move(positions), default, dropoutSeed: null);
        Tensor computed = Compute(aligned.Move(tokens), own, sources, batch, result, depth, cancellation);
        return lease.Return(result == PassResult.LastLogits ? computed : aligned.MoveBack(computed));
    }

    private Tensor Compute(ReadOnlySpan<int> tokens, OwnRows own, SourceRows? sources, int batch, PassResult result, int depth, CancellationToken cancellation)
    {
        using TensorScope.Lease lease = TensorScope.Begin();
        CrossMemory? memory = Remember(sources, batch, dropoutSeed: null, recompute: false, cancellation);
        return lease.Return(Finish(Hidden(tokens, batch, new ForwardPass(own, memory), recompute: false, depth, cancellation), own.Positions, batch, result));
    }

    /// <summary>The residual stream after the first so many blocks, [batch, seq, hidden].</summary>
    private Tensor Hidden(ReadOnlySpan<int> tokens, int batch, in ForwardPass pass, bool recompute, int depth, CancellationToken cancellation)
    {
        Tensor x = Embed(tokens, pass.Positions).Reshape(batch, -1, Config.HiddenSize);
        OwnRows? rows = pass.Rows;
        if (rows is not null) x = rows.Drop(x, -1, DropoutPlace.Embedding);
        foreach (TransformerBlock block in _blocks.AsSpan(0, depth))
        {
            cancellation.ThrowIfCancellationRequested();
            x = recompute ? Recompute(block, x, rows!, pass.Memory) : block.Forward(x, pass); // [batch, seq, hidden]
        }
        cancellation.ThrowIfCancellationRequested();
        return x;
    }

    private static Tensor Recompute(TransformerBlock block, Tensor x, OwnRows rows, CrossMemory? memory) =>
        Ops.Recompute(x, memory?.States, (h, states) => block.Forward(h, new ForwardPass(rows, states is null ? null : memory!.With(states))));

    private Tensor Finish(Tensor x, ReadOnlySpan<int> positions, int batch, PassResult result)
    {
        if (result == PassResult.LastLogits) x = LastRows(x, positions, batch, x.Shape[1]); // [batch, hidden]
        x = Normed(x, training: false);
        if (result == PassResult.States) return x;
        Tensor logits = Output.Forward(x); // [batch, (seq,) vocabulary]
        if (Config.LogitSoftCap == 0) return logits;
        return GradientTape.IsRecording ? Ops.SoftCap(logits, Config.LogitSoftCap) : Ops.SoftCapInPlace(logits, Config.LogitSoftCap);
    }

    private Tensor Normed(Tensor x, bool training) => FinalNorm is null ? x : FinalNorm.Forward(x, training);

    private Tensor Embed(ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions)
    {
        Tensor x = Embedding.Forward(tokens); // [batch · seq, hidden]
        if (Config.EmbeddingScale != 1) x = Ops.ScaleReusing(x, Config.EmbeddingScale);
        if (PositionEmbedding is null) return x;
        Span<int> slots = positions.Length <= 256 ? stackalloc int[positions.Length] : new int[positions.Length];
        positions.CopyTo(slots);
        for (int i = 0; i < slots.Length; i++) slots[i] = Math.Max(slots[i], 0);
        return Ops.AddReusing(x, PositionEmbedding.Forward(slots));
    }

    /// <summary>The last row of each sequence that is not padding; the last one of a row of nothing but padding.</summary>
    private static Tensor LastRows(Tensor x, ReadOnlySpan<int> positions, int batch, int seq)
    {
        if (seq * batch != positions.Length) throw new NotSupportedException($"Forward: the last logits are asked for of {x.Shape}, a share of {positions.Length} tokens; ask for all logits.");
        Shape flat = Shape.Of(batch * seq, x.Shape[2]);
        if (seq == 1) return x.Reshape(flat);
        Span<int> last = batch <= 64 ? stackalloc int[batch] : new int[batch];
        for (int row = 0; row < batch; row++)
        {
            int i = seq - 1;
            while (i > 0 && positions[row * seq + i] < 0) i--;
            last[row] = row * seq + (positions[row * seq + i] < 0 ? seq - 1 : i);
        }
        return Ops.Gather(x.Reshape(flat), last);
    }

    private static ReadOnlySpan<int> NextPositions(KvCache? cache, int batch, int seq, Span<int> buffer)
    {
        Span<int> positions = buffer.Length > 0 ? buffer : new int[batch * seq];
        for (int row = 0; row < batch; row++)
        {
            int start = cache?.Length(row) ?? 0;
            for (int i = 0; i < seq; i++) positions[row * seq + i] = start + i;
        }
        return positions;
    }

    [DoesNotReturn]
    private void ThrowDepth(int depth) => throw new ArgumentOutOfRangeException(nameof(depth), depth, $"Forward: got a depth of {depth}; expected 1 to {_blocks.Length}, the model's blocks, or 0 for all.");

    [DoesNotReturn]
    private static void ThrowNoCache(string operation) => throw new NotSupportedException(
        $"{operation}: the model sees both ways, so that each token changes what stands before it, and has no cache; pass the whole text to Forward without one.");

    private int CheckSizes(ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        if (tokens.IsEmpty || tokens.Length % batch != 0)
            throw new ArgumentException($"Forward: got {tokens.Length} tokens for {batch} rows; expected a multiple of {batch} above 0.", nameof(tokens));
        if (!positions.IsEmpty && positions.Length != tokens.Length)
            throw new ArgumentException($"Forward: got {positions.Length} positions for {tokens.Length} tokens; expected {tokens.Length}, or none.", nameof(positions));
        foreach (int token in tokens)
            if ((uint)token >= (uint)Config.VocabSize)
                throw new ArgumentOutOfRangeException(nameof(tokens), token, $"Forward: got token {token}; expected 0 to {Config.VocabSize - 1}, the vocabulary's.");
        return tokens.Length / batch;
    }
}
