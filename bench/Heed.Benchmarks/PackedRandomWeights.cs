using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Benchmarks;

/// <summary>Random layers in the packed form that checkpoints get, for models of any size without a file.</summary>
internal sealed class PackedRandomWeights(Random random, Device device) : IWeightSource
{
    public Device Device => device;

    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false) =>
        new FrozenLinear(Matrix(outFeatures, inFeatures), bias ? Tensor("bias", new Shape(outFeatures)) : null);

    public Embedding Embedding(string name, int count, int dim) => new FrozenEmbedding(Matrix(count, dim), device);

    public Tensor Tensor(string name, Shape shape)
    {
        Tensor tensor = Tensors.Tensor.AllocateUnscoped(shape, device);
        tensor.AsSpan().Fill(1);
        return tensor;
    }

    public IWeightSource Scope(string prefix) => this;

    private PackedWeights Matrix(int rows, int columns)
    {
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
