using Heed.Kernels;
using Heed.Kernels.Strips;

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
            RunRows(new SoftmaxWork(x, destination, columns), RowsOf(x, columns), columns);
            return;
        }
        Copy(x, destination);
        Softmax(destination, destination);
    }

    public void RmsNorm(Tensor x, Tensor weight, float epsilon, Tensor destination)
    {
        int dim = x.Shape[^1];
        Tensor source = Packed(x, destination);
        RunRows(new RmsNormWork(source, weight, epsilon, destination, dim), RowsOf(x, dim), dim);
    }

    public void LayerNorm(Tensor x, Tensor weight, Tensor? bias, float epsilon, Tensor destination)
    {
        int dim = x.Shape[^1];
        Tensor source = Packed(x, destination);
        RunRows(new LayerNormWork(source, weight, bias, epsilon, destination, dim), RowsOf(x, dim), dim);
    }

    public void Gated(Activation activation, Tensor x, Tensor destination, float beta = 1)
    {
        int hidden = destination.Shape[^1];
        RunRows(new GatedWork(KindOf(activation), x, destination, hidden, beta), RowsOf(destination, hidden), 2 * hidden);
    }

    private static ActivationKind KindOf(Activation activation) => activation switch
    {
        Activation.Silu => ActivationKind.Silu,
        Activation.GeluTanh => ActivationKind.GeluTanh,
        Activation.GeluErf => ActivationKind.Gelu,
        Activation.Swish => ActivationKind.Swish,
        Activation.Sigmoid => ActivationKind.Sigmoid,
        _ => ActivationKind.Relu,
    };

    private readonly struct SoftmaxWork(Tensor x, Tensor destination, int columns) : IRowWork
    {
        public void Execute(int first, int rows) => Kernels.Softmax.Run(Rows(x, first, rows, columns), rows, columns, Rows(destination, first, rows, columns));
    }

    private readonly struct RmsNormWork(Tensor x, Tensor weight, float epsilon, Tensor destination, int dim) : IRowWork
    {
        public void Execute(int first, int rows) =>
            Kernels.RmsNorm.Run(Rows(x, first, rows, dim), weight.Span<float>(dim), epsilon, rows, dim, Rows(destination, first, rows, dim));
    }

    private readonly struct LayerNormWork(Tensor x, Tensor weight, Tensor? bias, float epsilon, Tensor destination, int dim) : IRowWork
    {
        public void Execute(int first, int rows) =>
            Kernels.LayerNorm.Run(Rows(x, first, rows, dim), weight.Span<float>(dim), bias is null ? default : bias.Span<float>(dim), epsilon,
                rows, dim, Rows(destination, first, rows, dim));
    }

    private readonly struct GatedWork(ActivationKind kind, Tensor x, Tensor destination, int hidden, float beta) : IRowWork
    {
        public void Execute(int first, int rows) =>
            Activations.ApplyGated(kind, Rows(x, first, rows, 2 * hidden), rows, hidden, Rows(destination, first, rows, hidden), beta);
    }

    /// <summary>x if it is contiguous, else its copy in <paramref name="destination"/>, from where it can go on in place.</summary>
    private Tensor Packed(Tensor x, Tensor destination)
    {
        if (x.IsContiguous) return x;
        Copy(x, destination);
        return destination;
    }

    private void Linear(int rows, ReadOnlySpan<float> x, LinearWeights weights, ReadOnlySpan<float> bias, Span<float> y, int stride, bool accumulate)
    {
        SharedInput rounded = new(_pool.Scratch);
        try
        {
            Linear(rows, x, ref rounded, weights, bias, y, stride, accumulate);
        }
        finally
        {
            rounded.Dispose();
        }
    }

    private void Linear(int rows, ReadOnlySpan<float> x, ref SharedInput rounded, LinearWeights weights, ReadOnlySpan<float> bias, Span<float> y, int stride, bool accumulate)
    {
        if (rows == 0) return;
        weights.ThrowIfDisposed();
        switch (weights)
        {
            case PackedWeights packed:
                Kernels.MatMul.Packed(_pool, rows, x, packed.Columns, packed.Panels, bias, y, stride, accumulate);
                break;
            case StripWeights strips:
                strips.Matrix.Multiply(StripPaths.Best, _pool, ref rounded, rows, x, strips.Columns, bias, y, stride, accumulate);
                break;
            case HalfWeights halves:
                Kernels.MatMul.Halves(_pool, rows, x, halves.Columns, halves.Panels, bias, y, stride, accumulate);
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
                    Linear(rows, x, ref rounded, part, bias.IsEmpty ? bias : bias.Slice(first, part.Rows), y[first..], stride, accumulate);
                    first += part.Rows;
                }
                break;
            default:
                throw new NotSupportedException($"Linear: the CPU does not know weights of kind {weights.GetType().Name}.");
        }
    }
}
