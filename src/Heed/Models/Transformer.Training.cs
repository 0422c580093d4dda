using System.Globalization;
using Heed.Distributed;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <content>What learning needs: the parameters, and the loss, by the same forward pass.</content>
public sealed partial class Transformer
{
    /// <summary>
    /// All that the model can learn, each tensor once (a tied output layer has none of its own); empty for frozen weights.
    /// A model with adapters learns those alone.
    /// </summary>
    public IReadOnlyList<Parameter> Parameters => field ??= CollectParameters();

    /// <summary>What belongs to the model's state though no gradient reaches it: the running statistics of <see cref="BatchNorm"/>.</summary>
    public IReadOnlyList<Parameter> Buffers => field ??=
    [
        .. _blocks.SelectMany((block, i) => block.Buffers(string.Create(CultureInfo.InvariantCulture, $"{WeightNames.Blocks}.{i}"))),
        .. FinalNorm?.Buffers(WeightNames.FinalNorm) ?? [],
    ];

    /// <summary>
    /// The mean cross-entropy of the targets, in nats (natural logarithm): next tokens, or what is masked where the model sees both ways. Under a <see cref="GradientTape"/> its gradient
    /// reaches all <see cref="Parameters"/> that require one. Logits are never all in memory.
    /// </summary>
    /// <param name="tokens">Token ids, row after row: batch × seq of them.</param>
    /// <param name="targets">What is to be predicted at each token; <paramref name="ignoreIndex"/> where that does not count.</param>
    /// <param name="batch">The number of rows.</param>
    /// <param name="positions">Where each token stands in its document, −1 for padding; empty for 0, 1, 2, … in every row.</param>
    /// <param name="firstKeys">For each token the column of its row where its document begins; empty for 0: one document a row.</param>
    /// <param name="dropoutSeed">Which activations fall to <see cref="ModelConfig.Dropout"/> and to that of adapters; null for none: evaluation, with running statistics.</param>
    /// <param name="ignoreIndex">The target of tokens that do not count.</param>
    /// <param name="recompute">Whether the backward pass computes every block again instead of keeping its activations: less memory, a third more time.</param>
    /// <param name="sources">What a model's encoder reads, one text for each row; null where there is none.</param>
    /// <param name="firstRow">The number of the first row in the batch that these rows are cut from: dropout counts from there, so that a row drops the same on any rank.</param>
    /// <param name="cancellation">Looked at before each block.</param>
    /// <returns>A scalar; 0 where no target counts.</returns>
    /// <exception cref="ArgumentException">The numbers of tokens, targets, positions and first keys do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A token or target is not in the vocabulary, or a position is out of bounds.</exception>
    public Tensor Loss(ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets, int batch = 1, ReadOnlySpan<int> positions = default,
        ReadOnlySpan<int> firstKeys = default, ulong? dropoutSeed = null, int ignoreIndex = -100, bool recompute = false, SourceRows? sources = null, int firstRow = 0, CancellationToken cancellation = default)
    {
        if (targets.Length != tokens.Length)
            throw new ArgumentException($"Loss: got {targets.Length} targets for {tokens.Length} tokens; expected {tokens.Length}.", nameof(targets));
        OwnRows rows = Own(tokens, batch, positions, firstKeys, dropoutSeed, firstRow);
        using TensorScope.Lease lease = TensorScope.Begin();
        CrossMemory? memory = Remember(sources, batch, dropoutSeed, recompute, cancellation, firstRow);
        Tensor x = Normed(Hidden(tokens, batch, new ForwardPass(rows, memory), recompute, _blocks.Length, cancellation), rows.IsTraining); // [batch, seq, hidden]
        return lease.Return(Output.CrossEntropy(x, targets, ignoreIndex, Config.LogitSoftCap));
    }

    /// <summary>Which parts of parameters this model has, of those that a tensor stands for and no layer; null for a whole model.</summary>
    internal IReadOnlyDictionary<Tensor, ParameterShard>? Shards { get; init; }

    /// <summary>The ranks that have the other parts of the model, so that whoever calls it can agree with them; null for a whole model.</summary>
    internal ICommunicator? Ranks { get; init; }

    private OwnRows Own(ReadOnlySpan<int> tokens, int batch, ReadOnlySpan<int> positions, ReadOnlySpan<int> firstKeys, ulong? dropoutSeed, int firstRow = 0)
    {
        int seq = CheckSizes(tokens, positions, batch);
        if (!firstKeys.IsEmpty && firstKeys.Length != tokens.Length)
            throw new ArgumentException($"Loss: got {firstKeys.Length} first keys for {tokens.Length} tokens; expected {tokens.Length}, or none.", nameof(firstKeys));
        int[] own = positions.IsEmpty ? NextPositions(null, batch, seq, default).ToArray() : positions.ToArray();
        foreach (int position in own)
            if (position >= Config.MaxSeqLen || position < -1)
                throw new ArgumentOutOfRangeException(nameof(positions), position, $"Loss: got position {position}; expected −1 for padding, or 0 to {Config.MaxSeqLen - 1}, below the model's MaxSeqLen.");
        return new OwnRows(batch, own, firstKeys, Config.Dropout, dropoutSeed, Config.Bidirectional) { FirstRow = firstRow, Heads = Config.HeadShare };
    }

    private List<Parameter> CollectParameters()
    {
        IEnumerable<Parameter> all = Embedding.Parameters(WeightNames.Embedding);
        if (PositionEmbedding is not null) all = all.Concat(PositionEmbedding.Parameters(WeightNames.PositionEmbedding));
        if (RelativeBiases is not null) all = all.Concat(RelativeBiases.Table.Parameters(WeightNames.RelativeBias));
        for (int i = 0; i < _blocks.Length; i++) all = all.Concat(_blocks[i].Parameters(string.Create(CultureInfo.InvariantCulture, $"{WeightNames.Blocks}.{i}")));
        if (FinalNorm is not null) all = all.Concat(FinalNorm.Parameters(WeightNames.FinalNorm));
        all = all.Concat(Output.Parameters(WeightNames.Output));
        if (Encoder is not null) all = all.Concat(Encoder.Parameters.Select(parameter => parameter with { Name = $"{WeightNames.Encoder}.{parameter.Name}" }));
        HashSet<Tensor> seen = new(ReferenceEqualityComparer.Instance);
        List<Parameter> parameters = [.. all.Where(parameter => seen.Add(parameter.Value)).Select(WithShard)];
        return parameters.Exists(parameter => parameter.IsAdapter) ? parameters.FindAll(parameter => parameter.IsAdapter) : parameters;
    }

    private Parameter WithShard(Parameter parameter) =>
        Shards is not null && Shards.TryGetValue(parameter.Value, out ParameterShard? shard) ? parameter with { Shard = shard } : parameter;
}
