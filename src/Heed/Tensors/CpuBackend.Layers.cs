using Heed.Kernels;

namespace Heed.Tensors;

/// <content>The layers' operations: each hands spans to its kernel.</content>
internal sealed partial class CpuBackend
{
    public void Linear(Tensor x, LinearWeights weights, Tensor? bias, Tensor destination, bool accumulate)
    {
        int inner = weights.Columns;
        int rows = inner == 0 ? 0 : x.ElementCount / inner;
        ReadOnlySpan<float> b = bias is null ? default : bias.Span<float>(weights.Rows);
        Linear(rows, x.Span<float>(x.ElementCount), weights, b, destination.Span<float>(destination.ElementCount), weights.Rows, accumulate);
    }

    public void Gather(Tensor table, ReadOnlySpan<int> ids, Tensor destination)
    {
        int dim = table.Shape[1];
        Span<float> rows = destination.Span<float>(destination.ElementCount);
        ReadOnlySpan<float> source = table.Extent<float>();
        Kernels.Gather.Rows(source, table.Stride(0), dim, ids, rows);
    }

    public void Gather(LinearWeights table, ReadOnlySpan<int> ids, Tensor destination)
    {
        Span<float> rows = destination.Span<float>(destination.ElementCount);
        for (int i = 0; i < ids.Length; i++) table.ReadRow(ids[i], rows.Slice(i * table.Columns, table.Columns));
    }

    public void Softmax(Tensor x, Tensor destination)
    {
        int columns = x.Shape[^1];
        if (x.IsContiguous)
        {
            Kernels.Softmax.Run(x.Span<float>(x.ElementCount), columns == 0 ? 0 : x.ElementCount / columns, columns, destination.Span<float>(x.ElementCount));
            return;
        }
        Copy(x, destination);
        Softmax(destination, destination);
    }

    public void RmsNorm(Tensor x, Tensor weight, float epsilon, Tensor destination)
    {
        int dim = x.Shape[^1];
        ReadOnlySpan<float> gain = weight.Span<float>(dim);
        Tensor source = Packed(x, destination);
        Span<float> to = destination.Span<float>(x.ElementCount);
        Kernels.RmsNorm.Run(source.Span<float>(x.ElementCount), gain, epsilon, dim == 0 ? 0 : x.ElementCount / dim, dim, to);
    }

    public void LayerNorm(Tensor x, Tensor weight, Tensor? bias, float epsilon, Tensor destination)
    {
        int dim = x.Shape[^1];
        Tensor source = Packed(x, destination);
        ReadOnlySpan<float> shift = bias is null ? default : bias.Span<float>(dim);
        Kernels.LayerNorm.Run(source.Span<float>(x.ElementCount), weight.Span<float>(dim), shift, epsilon,
            dim == 0 ? 0 : x.ElementCount / dim, dim, destination.Span<float>(x.ElementCount));
    }

    public void Gated(Activation activation, Tensor x, Tensor destination)
    {
        int hidden = destination.Shape[^1];
        int rows = hidden == 0 ? 0 : destination.ElementCount / hidden;
        ReadOnlySpan<float> source = x.Span<float>(x.ElementCount);
        Span<float> to = destination.Span<float>(destination.ElementCount);
        Activations.ApplyGated(KindOf(activation), source, rows, hidden, to);
    }

    private static ActivationKind KindOf(Activation activation) => activation switch
    {
        Activation.Silu => ActivationKind.Silu,
        Activation.GeluTanh => ActivationKind.GeluTanh,
        Activation.GeluErf => ActivationKind.Gelu,
        _ => ActivationKind.Relu,
    };

    /// <summary>x if it is contiguous, else its copy in <paramref name="destination"/>, from where it can go on in place.</summary>
    private Tensor Packed(Tensor x, Tensor destination)
    {
        if (x.IsContiguous) return x;
        Copy(x, destination);
        return destination;
    }

    private void Linear(int rows, ReadOnlySpan<float> x, LinearWeights weights, ReadOnlySpan<float> bias, Span<float> y, int stride, bool accumulate)
    {
        if (rows == 0) return;
        weights.ThrowIfDisposed();
        switch (weights)
        {
            case PackedWeights packed:
                Kernels.MatMul.Packed(_pool, rows, x, packed.Columns, packed.Panels, bias, y, stride, accumulate);
                break;
            case BlockWeights blocks:
                Kernels.MatMul.Streamed(_pool, rows, blocks.Rows, blocks.Columns, x, blocks.Columns, blocks.Matrix, bias, y, stride, accumulate);
                blocks.KeepAlive();
                break;
            case StackedWeights stacked:
                int first = 0;
                foreach (LinearWeights part in stacked.Parts)
                {
                    // The last part's rows end where y ends, so its slice is short of a whole stride.
                    Linear(rows, x, part, bias.IsEmpty ? bias : bias.Slice(first, part.Rows), y[first..], stride, accumulate);
                    first += part.Rows;
                }
                break;
            default:
                throw new NotSupportedException($"Linear: the CPU does not know weights of kind {weights.GetType().Name}.");
        }
    }
}
