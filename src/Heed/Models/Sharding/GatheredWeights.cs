using Heed.Distributed;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models.Sharding;

/// <summary>The whole layers of a model that ranks share, as dense copies on rank 0; layers without numbers on the others. Collective.</summary>
internal sealed class GatheredWeights(Transformer model, ICommunicator ranks, string prefix = "") : IWeightSource
{
    public Device Device => model.Device;

    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null)
    {
        Linear layer = (Linear)model.LayerOf(prefix + name);
        (Linear part, ParameterShard? place, Tensor? whole) = layer switch
        {
            ColumnParallelLinear rows => (rows.Shard, rows.Place, (Tensor?)null),
            VocabularyParallelLinear rows => (rows.Shard, rows.Place, null),
            RowParallelLinear columns => (columns.Shard, columns.Place, columns.Bias),
            _ => (layer, null, LayerRows.BiasOf(layer)),
        };
        Tensor? matrix = Gather(Dense(LayerRows.Of(part), part.OutFeatures, part.InFeatures), place);
        if (bias && whole is null)
            whole = Gather(LayerRows.BiasOf(part)!, place! with { Whole = new Shape(outFeatures), Slice = place.Slice.OfRows() });
        return matrix is null ? new AbsentLinear(inFeatures, outFeatures) : new DenseLinear(matrix, bias ? Copy(whole!) : null);
    }

    public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null)
    {
        Embedding layer = (Embedding)model.LayerOf(prefix + name);
        (Embedding part, ParameterShard? place) = layer switch
        {
            VocabularyParallelEmbedding rows => (rows.Shard, rows.Place),
            SequenceParallelEmbedding positions => (positions.Whole, null),
            _ when name == WeightNames.RelativeBias => (layer, ParameterShard.OfColumns(Shape.Of(count, layer.Dim), ranks)),
            _ => (layer, null),
        };
        Tensor? table = Gather(Dense(LayerRows.Of(part), part.Count, part.Dim), place);
        return table is null ? new AbsentEmbedding(count, dim) : new DenseEmbedding(table);
    }

    public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null)
    {
        if (name != WeightNames.AttentionSinks) return new ModelWeights(model, prefix).Tensor(name, shape);
        Tensor own = (Tensor)model.LayerOf(prefix + name);
        return Copy(Gather(own, new ParameterShard(shape, new MatrixSlice([(ranks.Rank * own.Shape[0], own.Shape[0])]), ranks)) ?? own);
    }

    public IWeightSource Scope(string prefix2) => new GatheredWeights(model, ranks, $"{prefix}{prefix2}.");

    /// <summary>The whole, on rank 0.</summary>
    private Tensor? Gather(Tensor part, ParameterShard? place)
    {
        if (place is not null) return ShardedParameters.Gather(part, place);
        return ranks.Rank == 0 ? part : null;
    }

    private Tensor Dense(LayerRows.Reader read, int rows, int columns)
    {
        Tensor matrix = Tensors.Tensor.AllocateUnscoped(Shape.Of(rows, columns), Device);
        float[] values = new float[columns];
        for (int row = 0; row < rows; row++)
        {
            read(row, values);
            if (Device.DType == DType.Float32) values.CopyTo(matrix.AsSpan()[(row * columns)..]);
            else
                for (int i = 0; i < columns; i++) matrix.Span<double>(matrix.ElementCount)[row * columns + i] = values[i];
        }
        return matrix;
    }

    private static Tensor Copy(Tensor source) => MatrixSlice.Copy(null, "", source);

    private sealed class AbsentLinear(int inFeatures, int outFeatures) : Linear(inFeatures, outFeatures)
    {
        public override Tensor Forward(Tensor x) => throw new InvalidOperationException("GatheredWeights: the layer is on rank 0.");

        public override Tensor ForwardAdd(Tensor x, Tensor residual) => Forward(x);
    }

    private sealed class AbsentEmbedding(int count, int dim) : Embedding(count, dim)
    {
        public override Tensor Forward(ReadOnlySpan<int> ids) => throw new InvalidOperationException("GatheredWeights: the table is on rank 0.");

        public override Linear AsLinear() => new AbsentLinear(Dim, Count);
    }
}
