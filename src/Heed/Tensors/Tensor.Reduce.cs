using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Folds over axes. With keepDims a folded axis stays as an axis of one element, so that the result broadcasts back.</content>
public sealed partial class Tensor
{
    /// <summary>The sum of all elements, a scalar; 0 if there are none.</summary>
    public Tensor Sum() => Ops.Reduce(ReduceOp.Sum, this, AllAxes, keepDims: false);

    /// <summary>Sums over one axis.</summary>
    public Tensor Sum(Index axis, bool keepDims = false) => Sum([axis], keepDims);

    /// <summary>Sums over some axes.</summary>
    public Tensor Sum(ReadOnlySpan<Index> axes, bool keepDims = false) => Ops.Reduce(ReduceOp.Sum, this, Ops.AxisSet("Sum", this, axes), keepDims);

    /// <summary>The mean of all elements, a scalar; NaN if there are none.</summary>
    public Tensor Mean() => Ops.Reduce(ReduceOp.Mean, this, AllAxes, keepDims: false);

    /// <summary>Means over one axis.</summary>
    public Tensor Mean(Index axis, bool keepDims = false) => Mean([axis], keepDims);

    /// <summary>Means over some axes.</summary>
    public Tensor Mean(ReadOnlySpan<Index> axes, bool keepDims = false) => Ops.Reduce(ReduceOp.Mean, this, Ops.AxisSet("Mean", this, axes), keepDims);

    /// <summary>The greatest of all elements, a scalar; NaN if one is.</summary>
    /// <exception cref="ArgumentException">There are no elements.</exception>
    public Tensor Max() => Ops.Reduce(ReduceOp.Max, this, AllAxes, keepDims: false);

    /// <summary>The greatest elements over one axis.</summary>
    /// <exception cref="ArgumentException">The axis has no elements.</exception>
    public Tensor Max(Index axis, bool keepDims = false) => Max([axis], keepDims);

    /// <summary>The greatest elements over some axes.</summary>
    /// <exception cref="ArgumentException">The axes have no elements.</exception>
    public Tensor Max(ReadOnlySpan<Index> axes, bool keepDims = false) => Ops.Reduce(ReduceOp.Max, this, Ops.AxisSet("Max", this, axes), keepDims);

    /// <summary>The smallest of all elements, a scalar; NaN if one is.</summary>
    /// <exception cref="ArgumentException">There are no elements.</exception>
    public Tensor Min() => Ops.Reduce(ReduceOp.Min, this, AllAxes, keepDims: false);

    /// <summary>The smallest elements over one axis.</summary>
    /// <exception cref="ArgumentException">The axis has no elements.</exception>
    public Tensor Min(Index axis, bool keepDims = false) => Min([axis], keepDims);

    /// <summary>The smallest elements over some axes.</summary>
    /// <exception cref="ArgumentException">The axes have no elements.</exception>
    public Tensor Min(ReadOnlySpan<Index> axes, bool keepDims = false) => Ops.Reduce(ReduceOp.Min, this, Ops.AxisSet("Min", this, axes), keepDims);

    /// <summary>
    /// For each row of the last axis the index of its greatest element, rows in row-major order: the lowest index among
    /// equals; NaN never wins.
    /// </summary>
    /// <exception cref="ArgumentException">The tensor is a scalar, or its last axis has no elements.</exception>
    public int[] ArgMax()
    {
        if (Rank == 0 || Shape[^1] == 0) TensorErrors.WrongShape("ArgMax", "x", Shape, "a last axis of one element or more");
        int size = Shape[^1];
        int[] indices = new int[ElementCount / size];
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor source = Contiguous();
        for (int row = 0; row < indices.Length; row++)
            indices[row] = DType == DType.Float32
                ? Kernels.ArgMax.Run(source.Span<float>(ElementCount).Slice(row * size, size))
                : FirstGreatest(source.Span<double>(ElementCount).Slice(row * size, size));
        return indices;
    }

    private int AllAxes => (1 << Rank) - 1;

    private static int FirstGreatest(ReadOnlySpan<double> row)
    {
        int best = 0;
        for (int i = 1; i < row.Length; i++)
            if (row[i] > row[best] || (double.IsNaN(row[best]) && !double.IsNaN(row[i]))) best = i;
        return best;
    }
}
