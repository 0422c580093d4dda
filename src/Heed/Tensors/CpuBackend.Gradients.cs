using System.Numerics.Tensors;
using Heed.Kernels;

namespace Heed.Tensors;

/// <content>The gradients of the layers' operations.</content>
internal sealed partial class CpuBackend
{
    /// <summary>The columns of a table that one part of <see cref="ScatterAdd"/> takes.</summary>
    private const int ScatterColumns = 64;

    public void SoftmaxBackward(Tensor y, Tensor dy, Tensor dx)
    {
        int columns = y.Shape[^1];
        RunRows(new SoftmaxGradientWork(y, dy, dx, columns), RowsOf(y, columns), columns);
    }

    public void RmsNormBackward(Tensor x, Tensor weight, float epsilon, Tensor dy, Tensor? dx, Tensor? dWeight)
    {
        int dim = x.Shape[^1];
        RunSums(new RmsNormGradientWork(x, weight, epsilon, dy, dx, dim), RowsOf(x, dim), dim, dWeight);
    }

    public void LayerNormBackward(Tensor x, Tensor weight, float epsilon, Tensor dy, Tensor? dx, Tensor? dWeight, Tensor? dBias)
    {
        int dim = x.Shape[^1];
        LayerNormGradientWork work = new(x, weight, epsilon, dy, dx, dim, dWeight is not null, dBias is not null);
        RunSums(work, RowsOf(x, dim), dim, dWeight, dBias);
    }

    public void ActivateBackward(Activation activation, Tensor x, Tensor dy, Tensor dx, float beta = 1) =>
        RunRows(new ActivationGradientWork(KindOf(activation), x, dy, dx, beta), x.ElementCount, 1);

    public void GatedBackward(Activation activation, Tensor x, Tensor dy, Tensor dx, float beta = 1)
    {
        int hidden = dy.Shape[^1];
        RunRows(new GatedGradientWork(KindOf(activation), x, dy, dx, hidden, beta), RowsOf(dy, hidden), 2 * hidden);
    }

    public void SumRows(Tensor x, Tensor destination)
    {
        int columns = x.Shape[^1];
        RunSums(new SumRowsWork(x, columns), RowsOf(x, columns), columns, destination);
    }

    public void ScatterAdd(Tensor rows, ReadOnlySpan<int> ids, Tensor table)
    {
        if (rows.ElementCount == 0) return;
        NativeBuffer copy = _pool.Scratch.Rent((long)sizeof(int) * ids.Length);
        ids.CopyTo(copy.AsSpan<int>(0, ids.Length));
        ScatterJob job = new(rows, copy, ids.Length, table);
        Run(ref job, rows.ElementCount, (table.Shape[1] + ScatterColumns - 1) / ScatterColumns);
        _pool.Scratch.Return(copy);
    }

    private readonly struct SoftmaxGradientWork(Tensor y, Tensor dy, Tensor dx, int columns) : IRowWork
    {
        public void Execute(int first, int rows) =>
            SoftmaxGradient.Run(Rows(y, first, rows, columns), Rows(dy, first, rows, columns), rows, columns, Rows(dx, first, rows, columns));
    }

    private readonly struct RmsNormGradientWork(Tensor x, Tensor weight, float epsilon, Tensor dy, Tensor? dx, int dim) : ISumWork
    {
        public void Execute(int first, int rows, Span<float> sums) =>
            RmsNormGradient.Run(Rows(x, first, rows, dim), weight.Span<float>(dim), epsilon, Rows(dy, first, rows, dim), rows, dim,
                dx is null ? default : Rows(dx, first, rows, dim), sums);
    }

    private readonly struct LayerNormGradientWork(
        Tensor x, Tensor weight, float epsilon, Tensor dy, Tensor? dx, int dim, bool gains, bool shifts) : ISumWork
    {
        public void Execute(int first, int rows, Span<float> sums) =>
            LayerNormGradient.Run(Rows(x, first, rows, dim), weight.Span<float>(dim), epsilon, Rows(dy, first, rows, dim), rows, dim,
                dx is null ? default : Rows(dx, first, rows, dim), gains ? sums[..dim] : default, shifts ? sums[^dim..] : default);
    }

    /// <summary>Rows of one element.</summary>
    private readonly struct ActivationGradientWork(ActivationKind kind, Tensor x, Tensor dy, Tensor dx, float beta) : IRowWork
    {
        public void Execute(int first, int rows) =>
            ActivationGradient.Apply(kind, Rows(x, first, rows, 1), Rows(dy, first, rows, 1), Rows(dx, first, rows, 1), beta);
    }

    private readonly struct GatedGradientWork(ActivationKind kind, Tensor x, Tensor dy, Tensor dx, int hidden, float beta) : IRowWork
    {
        public void Execute(int first, int rows) =>
            ActivationGradient.ApplyGated(kind, Rows(x, first, rows, 2 * hidden), Rows(dy, first, rows, hidden), rows, hidden, Rows(dx, first, rows, 2 * hidden), beta);
    }

    private readonly struct SumRowsWork(Tensor x, int columns) : ISumWork
    {
        public void Execute(int first, int rows, Span<float> sums) => ColumnSums.Add(Rows(x, first, rows, columns), rows, sums);
    }

    /// <summary>One part adds some columns of all rows, in rising order.</summary>
    private readonly struct ScatterJob(Tensor source, NativeBuffer ids, int count, Tensor table) : IPoolJob
    {
        public void Execute(int part)
        {
            int dim = table.Shape[1], first = part * ScatterColumns, columns = Math.Min(ScatterColumns, dim - first);
            ReadOnlySpan<float> rows = source.Span<float>(source.ElementCount);
            Span<float> sums = table.Span<float>(table.ElementCount);
            ReadOnlySpan<int> targets = ids.AsSpan<int>(0, count);
            for (int r = 0; r < targets.Length; r++)
            {
                Span<float> sum = sums.Slice(targets[r] * dim + first, columns);
                TensorPrimitives.Add(sum, rows.Slice(r * dim + first, columns), sum);
            }
        }
    }

    private static Span<float> Rows(Tensor x, int first, int rows, int columns) =>
        x.Span<float>(x.ElementCount).Slice(first * columns, rows * columns);
}
