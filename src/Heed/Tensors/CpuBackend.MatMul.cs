using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Matrix products; every output is one chain of fused multiply-adds over k in rising order from 0.</content>
internal sealed partial class CpuBackend
{
    /// <summary>Matrices of at most this many multiply-adds are shared out whole where there are several.</summary>
    private const long WholeMatrixWork = 1 << 20;

    public void MatMul(Tensor a, Tensor b, Tensor destination, bool accumulate = false)
    {
        int batch = destination.Shape[0], rows = destination.Shape[1], columns = destination.Shape[2], inner = a.Shape[2];
        if (destination.ElementCount == 0) return;
        MatMulJob job = new(_pool, a, b, destination, accumulate);
        if (b.Stride(0) == 0 && a.Stride(0) == rows * a.Stride(1)) job.Multiply(0, batch * rows);
        else if ((long)rows * columns * inner <= WholeMatrixWork) Run(ref job, (int)Math.Min(int.MaxValue, (long)batch * rows * columns * inner), batch);
        else for (int part = 0; part < batch; part++) job.Execute(part);
    }

    /// <summary>One part is one matrix of the batch.</summary>
    private readonly struct MatMulJob(WorkerPool pool, Tensor a, Tensor b, Tensor destination, bool accumulate) : IPoolJob
    {
        public void Execute(int part) => Multiply(part, destination.Shape[1]);

        /// <summary>Multiplies <paramref name="rows"/> rows of a from matrix <paramref name="first"/> of the batch on.</summary>
        public void Multiply(int first, int rows)
        {
            int columns = destination.Shape[2], inner = a.Shape[2];
            ReadOnlySpan<float> left = inner == 0 ? default : a.Extent<float>()[(first * a.Stride(0))..];
            ReadOnlySpan<float> right = inner == 0 ? default : b.Extent<float>()[(first * b.Stride(0))..];
            Span<float> target = destination.AsSpan().Slice(first * destination.Shape[1] * columns, rows * columns);
            Kernels.MatMul.Gemm(pool, rows, columns, inner, left, a.Stride(1), a.Stride(2), right, b.Stride(1), b.Stride(2),
                target, columns, accumulate);
        }
    }
}
