using Heed.Distributed;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// A table whose vectors several ranks share: each has a stretch of them, and what it does not have counts as 0 in a sum over the ranks (Megatron-LM,
/// Shoeybi et al. 2019, arXiv 1909.08053, section 3). The vectors are the same on all ranks.
/// </summary>
/// <remarks>Collective: all ranks of the group look up the same ids in the same order.</remarks>
public sealed class VocabularyParallelEmbedding : Embedding
{
    private readonly VocabularyRanges _ranges;
    private readonly int _first;

    /// <summary>This rank's share.</summary>
    /// <param name="shard">Its vectors: count / ranks of them, rounded up on the first ranks and down on the others, so that the stretches are count together.</param>
    /// <param name="count">The number of all ranks' vectors.</param>
    /// <param name="ranks">Those that share the table.</param>
    /// <exception cref="ArgumentException">The shard has more or fewer vectors than this rank's stretch, or there are fewer vectors than ranks.</exception>
    public VocabularyParallelEmbedding(Embedding shard, int count, ICommunicator ranks)
        : base(count, shard?.Dim ?? 0)
    {
        ArgumentNullException.ThrowIfNull(shard);
        ArgumentNullException.ThrowIfNull(ranks);
        Shard = shard;
        Ranks = ranks;
        _ranges = VocabularyParallelLinear.Check("VocabularyParallelEmbedding", shard.Count, count, ranks);
        _first = _ranges[ranks.Rank].First;
    }

    /// <summary>This rank's vectors.</summary>
    public Embedding Shard { get; }

    /// <summary>Those that share the table.</summary>
    public ICommunicator Ranks { get; }

    /// <summary>Which part of the whole table <see cref="Shard"/> has.</summary>
    internal ParameterShard Place => ParameterShard.Rows(Shape.Of(Shard.Count, Dim), Count, _first, Ranks);

    /// <summary>Whether the vectors are to be those of a stretch of the ids; null where they never are.</summary>
    internal SequenceShare? Sequence { get; init; }

    /// <inheritdoc/>
    [System.Runtime.CompilerServices.SkipLocalsInit]
    public override Tensor Forward(ReadOnlySpan<int> ids)
    {
        Sequence?.BeginPass(ids.Length, Ranks.Size);
        Span<int> own = ids.Length <= 256 ? stackalloc int[ids.Length] : new int[ids.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            if ((uint)ids[i] >= (uint)Count)
                throw new ArgumentOutOfRangeException(nameof(ids), ids[i], $"VocabularyParallelEmbedding: id {ids[i]} is outside the table; expected 0 to {Count - 1}.");
            own[i] = IsOwn(ids[i]) ? ids[i] - _first : 0;
        }
        Tensor vectors = Shard.Forward(own);
        if (GradientTape.Watching(vectors) is { } tape) vectors = Record(tape, vectors, ids.ToArray());
        else ClearOthers(vectors, ids);
        return Sequence is { IsOn: true } ? Collectives.SumAndScatterRows(vectors, Ranks) : Collectives.Sum(vectors, Ranks);
    }

    /// <summary>The same table as an output layer, whose logits the ranks share in the same way: a <see cref="VocabularyParallelLinear"/>.</summary>
    public override Linear AsLinear() => new VocabularyParallelLinear(Shard.AsLinear(), Count, Ranks) { Sequence = Sequence };

    /// <summary>What this rank's vectors can learn.</summary>
    public override IEnumerable<Parameter> Parameters(string name) => Shard.Parameters(name).Select(parameter => parameter with { Shard = Place });

    private bool IsOwn(int id) => (uint)(id - _first) < (uint)Shard.Count;

    /// <summary>The vectors with those of other ranks' ids as 0.</summary>
    private Tensor Record(GradientTape tape, Tensor vectors, int[] ids)
    {
        GradientNode node = vectors.Node!;
        Tensor own = Tensor.Allocate(vectors.Shape, vectors.Device);
        own.Backend.Copy(vectors, own);
        ClearOthers(own, ids);
        tape.Record(own, gradient =>
        {
            Tensor part = Tensor.Allocate(gradient.Shape, gradient.Device);
            gradient.Backend.Copy(gradient, part);
            ClearOthers(part, ids);
            node.Add(part);
        });
        return own;
    }

    private void ClearOthers(Tensor vectors, ReadOnlySpan<int> ids)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            if (IsOwn(ids[i])) continue;
            if (vectors.DType == DType.Float32) vectors.Span<float>(vectors.ElementCount).Slice(i * Dim, Dim).Clear();
            else vectors.Span<double>(vectors.ElementCount).Slice(i * Dim, Dim).Clear();
        }
    }
}
