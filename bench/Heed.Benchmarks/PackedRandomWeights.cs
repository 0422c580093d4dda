using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Benchmarks;

/// <summary>Random layers in the packed form that checkpoints get, for models of any size without a file.</summary>
internal sealed class PackedRandomWeights(Random random, Device device) : IWeightSource
{
    public Device Device => device;

    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false, MatrixSlice? slice = null) =>
        new FrozenLinear(Matrix(name, outFeatures, inFeatures, slice), bias ? Tensor("bias", new Shape(outFeatures), slice?.OfRows()) : null);

    public Embedding Embedding(string name, int count, int dim, MatrixSlice? slice = null) => new FrozenEmbedding(Matrix(name, count, dim, slice), device);

    public Tensor Tensor(string name, Shape shape, MatrixSlice? slice = null)
    {
        Tensor tensor = Tensors.Tensor.AllocateUnscoped(slice is null ? shape : slice.Within(name, shape).Shape(shape.Rank), device);
        tensor.AsSpan().Fill(1);
        return tensor;
    }

    public IWeightSource Scope(string prefix) => this;

    private PackedWeights Matrix(string name, int rows, int columns, MatrixSlice? slice)
    {
        if (slice is not null) (rows, columns) = (slice.RowCount, slice.Within(name, rows, columns).Columns);
        PackedWeights weights = new(rows, columns);
        float[] block = new float[32 * columns];
        for (int panel = 0; panel < weights.PanelCount; panel++)
        {
            int count = weights.RowsOf(panel) * columns;
            for (int i = 0; i < count; i++) block[i] = (random.NextSingle() - 0.5f) * 0.07f;
            weights.Pack(panel, block.AsSpan(0, count));
        }
        return weights;
    }
}
