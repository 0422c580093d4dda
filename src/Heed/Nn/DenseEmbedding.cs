using Heed.Tensors;

namespace Heed.Nn;

/// <summary>A table in an ordinary tensor, which can learn.</summary>
/// <param name="table">[count, dim].</param>
public sealed class DenseEmbedding(Tensor table) : Embedding(table.Shape[0], table.Shape[1])
{
    /// <summary>The vectors, [count, dim].</summary>
    public Tensor Table { get; } = table;

    /// <inheritdoc/>
    public override Tensor Forward(ReadOnlySpan<int> ids) => Ops.Gather(Table, ids);

    /// <inheritdoc/>
    public override Linear AsLinear() => new DenseLinear(Table);

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters(string name) => [new Parameter($"{name}.weight", Table)];
}
