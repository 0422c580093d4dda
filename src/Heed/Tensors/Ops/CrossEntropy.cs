namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// The mean of −log softmax(logits)[target] over the rows whose target is not <paramref name="ignoreIndex"/>; 0 where
    /// all are ignored. Holds no probabilities.
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
        int counted = 0;
        for (int r = 0; r < rows; r++)
        {
            int target = targets[r];
            if (target == ignoreIndex) continue;
            if ((uint)target >= (uint)classes)
                throw new ArgumentOutOfRangeException(nameof(targets), target, $"CrossEntropy: target {target} of row {r} is not a class; expected 0 to {classes - 1}, or {ignoreIndex} to ignore the row.");
            counted++;
        }
        if (counted == 0) return Tensor.Full(default, 0, logits.Device);
        using TensorScope.Lease lease = TensorScope.Begin();
        double total = logits.Backend.CrossEntropy(logits.Contiguous(), targets, ignoreIndex, softCap: 0, gradientScale: 0, gradient: null);
        return lease.Return(Tensor.Full(default, total / counted, logits.Device));
    }
}
