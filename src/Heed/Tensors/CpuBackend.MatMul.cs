using System.Numerics.Tensors;
using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Matrix products; every output is one chain of fused multiply-adds over k in rising order from 0.</content>
internal sealed partial class CpuBackend
{
    public void MatMul(Tensor a, Tensor b, Tensor destination)
    {
        RowsJob job = new(a, b, destination);
        _pool.Run(ref job, destination.Shape[0] * destination.Shape[1]);
    }

    /// <summary>One part is one row of the result.</summary>
    private readonly struct RowsJob(Tensor a, Tensor b, Tensor destination) : IPoolJob
    {
        public void Execute(int part)
        {
            int rows = destination.Shape[1], inner = a.Shape[2], columns = destination.Shape[2];
            int g = part / rows, i = part % rows;
            ReadOnlySpan<float> left = a.Extent<float>(), right = b.Extent<float>();
            Span<float> target = destination.Span<float>(destination.ElementCount).Slice(part * columns, columns);
            target.Clear();
            for (int p = 0; p < inner; p++)
            {
                float factor = left[g * a.Stride(0) + i * a.Stride(1) + p * a.Stride(2)];
                int row = g * b.Stride(0) + p * b.Stride(1);
                if (b.Stride(2) == 1 && columns != 0)
                    TensorPrimitives.FusedMultiplyAdd(right.Slice(row, columns), factor, target, target);
                else
                    for (int j = 0; j < columns; j++) target[j] = MathF.FusedMultiplyAdd(factor, right[row + j * b.Stride(2)], target[j]);
            }
        }
    }
}
