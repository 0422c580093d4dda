namespace Heed.Tensors;

internal sealed partial class CpuBackend
{
    public void Linear(Tensor x, LinearWeights weights, Tensor? bias, Tensor destination, bool accumulate) => throw new NotSupportedException();

    public void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor destination) => throw new NotSupportedException();

    public void Gather(LinearWeights table, ReadOnlySpan<int> ids, Tensor destination) => throw new NotSupportedException();

    public void Softmax(Tensor x, Tensor destination) => throw new NotSupportedException();

    public void RmsNorm(Tensor x, Tensor weight, float epsilon, Tensor destination) => throw new NotSupportedException();

    public void LayerNorm(Tensor x, Tensor weight, Tensor? bias, float epsilon, Tensor destination) => throw new NotSupportedException();

    public void Rope(Tensor x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout) => throw new NotSupportedException();

    public void Gated(Activation activation, Tensor x, Tensor destination) => throw new NotSupportedException();

    public void StoreKeyValues(Tensor keys, Tensor values, ReadOnlySpan<int> positions, Tensor keyPanels, Tensor valueRows) => throw new NotSupportedException();

    public void Attention(Tensor q, Tensor keyPanels, Tensor valueRows, ReadOnlySpan<int> limits, ReadOnlySpan<int> firstKeys,
        in AttentionOptions options, Tensor destination) => throw new NotSupportedException();
}
