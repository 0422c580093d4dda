namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// The mean of −log softmax(logits)[target] over the rows whose target is not <paramref name="ignoreIndex"/>; 0 where
    /// all are ignored. Works row by row in double and holds no probabilities.
    /// </summary>
    /// <param name="logits">[…, classes].</param>
    /// <param name="targets">One per row.</param>
    /// <param name="ignoreIndex">The target of rows that do not count.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The number of targets is not that of rows.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A target is neither a class nor <paramref name="ignoreIndex"/>.</exception>
    public static Tensor CrossEntropy(Tensor logits, ReadOnlySpan<int> targets, int ignoreIndex = -100)
    {
        int classes = logits.Rank == 0 ? 0 : logits.Shape[^1];
        if (classes == 0) TensorErrors.WrongShape("CrossEntropy", "logits", logits.Shape, "[…, classes], at least one class");
        int rows = logits.ElementCount / classes;
        if (targets.Length != rows) TensorErrors.WrongCount("CrossEntropy", "targets", targets.Length, rows);
        double total = 0;
        int counted = 0;
        using (TensorScope.Begin())
        {
            Tensor source = logits.Contiguous();
            for (int r = 0; r < rows; r++)
            {
                int target = targets[r];
                if (target == ignoreIndex) continue;
                if ((uint)target >= (uint)classes)
                    throw new ArgumentOutOfRangeException(nameof(targets), target, $"CrossEntropy: target {target} of row {r} is not a class; expected 0 to {classes - 1}, or {ignoreIndex} to ignore the row.");
                total += source.DType == DType.Float32
                    ? RowLoss<float>(source, r, classes, target, value => value)
                    : RowLoss<double>(source, r, classes, target, value => value);
                counted++;
            }
        }
        return Tensor.Full(default, counted == 0 ? 0 : total / counted, logits.Device);
    }

    private static double RowLoss<T>(Tensor logits, int row, int classes, int target, Func<T, double> widen) where T : unmanaged
    {
        ReadOnlySpan<T> values = logits.Span<T>(logits.ElementCount).Slice(row * classes, classes);
        double max = double.NegativeInfinity, sum = 0;
        foreach (T value in values) max = Math.Max(max, widen(value));
        foreach (T value in values) sum += Math.Exp(widen(value) - max);
        return max + Math.Log(sum) - widen(values[target]);
    }
}
