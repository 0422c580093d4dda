using Heed.Tensors;

namespace Heed.Nn;

/// <summary>A table in weight form: packed panels shared with a tied output layer, or a file's own rows.</summary>
internal sealed class FrozenEmbedding(LinearWeights table, Device device) : Embedding(table.Rows, table.Columns)
{
    public LinearWeights Table { get; } = table;

    public override Tensor Forward(ReadOnlySpan<int> ids) => Ops.Gather(Table, ids, device);

    public override Linear AsLinear() => new FrozenLinear(Table);
}
