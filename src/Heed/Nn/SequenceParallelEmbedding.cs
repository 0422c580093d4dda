using Heed.Distributed;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>A table that every rank has and of which it takes the vectors of its own tokens, where ranks share those.</summary>
internal sealed class SequenceParallelEmbedding(Embedding whole, ICommunicator ranks, SequenceShare sequence) : Embedding(whole.Count, whole.Dim)
{
    /// <summary>The table.</summary>
    public Embedding Whole => whole;

    public override Tensor Forward(ReadOnlySpan<int> ids)
    {
        int own = ids.Length / ranks.Size;
        return whole.Forward(sequence.IsOn ? ids.Slice(ranks.Rank * own, own) : ids);
    }

    public override Linear AsLinear() => whole.AsLinear();

    public override IEnumerable<Parameter> Parameters(string name) =>
        whole.Parameters(name).Select(parameter => parameter with { Shard = ParameterShard.Shared(parameter.Value.Shape, ranks) });
}
