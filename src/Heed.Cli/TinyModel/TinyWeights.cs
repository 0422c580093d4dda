using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Cli.TinyModel;

/// <summary>
/// Random weights with one thing arranged: the first channel is the same for all tokens, and the output layer takes from it
/// a firm no to the tokens that are not to be written.
/// </summary>
internal sealed class TinyWeights(IWeightSource random, Func<int, bool> isWritten) : IWeightSource
{
    private const float Channel = 0.3f;
    private const float No = -4;

    public Device Device => random.Device;

    public Linear Linear(string name, int inFeatures, int outFeatures, bool bias = false)
    {
        Linear layer = random.Linear(name, inFeatures, outFeatures, bias);
        if (name != WeightNames.Output) return layer;
        Span<float> weight = ((DenseLinear)layer).Weight.AsSpan();
        for (int id = 0; id < outFeatures; id++) weight[id * inFeatures] = isWritten(id) ? 0 : No;
        return layer;
    }

    public Embedding Embedding(string name, int count, int dim)
    {
        Embedding table = random.Embedding(name, count, dim);
        Span<float> values = ((DenseEmbedding)table).Table.AsSpan();
        for (int id = 0; id < count; id++) values[id * dim] = Channel;
        return table;
    }

    public Tensor Tensor(string name, Shape shape) => random.Tensor(name, shape);

    public IWeightSource Scope(string prefix) => new TinyWeights(random.Scope(prefix), isWritten);
}
