namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>The logits that <see cref="LinearCrossEntropy(Tensor, Tensor, Tensor?, ReadOnlySpan{int}, int, float)"/> holds at a time, in elements.</summary>
    private const long LogitsAtOnce = 8L << 20;

    /// <summary>
    /// The mean of −log softmax(logits)[target] over the rows whose target is not <paramref name="ignoreIndex"/>; 0 where
    /// all are ignored. Works row by row with sums in double.
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
        int counted = CheckTargets(targets, logits.ElementCount / classes, classes, ignoreIndex);
        Tensor source = logits.Contiguous();
        GradientTape? tape = GradientTape.Watching(source);
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor? gradient = tape is null ? null : Tensor.Allocate(logits.Shape, logits.Device);
        double total = source.Backend.CrossEntropy(source, targets, ignoreIndex, 0, 1.0 / Math.Max(counted, 1), gradient);
        Tensor loss = Tensor.Full(default, counted == 0 ? 0 : total / counted, logits.Device);
        if (tape is not null) ScaledGradients(tape, loss, (source.Node, gradient));
        return lease.Return(loss);
    }

    /// <summary>
    /// <see cref="CrossEntropy"/> of the output layer's logits x·Wᵀ + b, a stretch of rows at a time: neither the logits nor
    /// their gradient are ever all in memory.
    /// </summary>
    /// <param name="x">[…, in].</param>
    /// <param name="weight">[classes, in].</param>
    /// <param name="bias">[classes], or null.</param>
    /// <param name="targets">One per row of x.</param>
    /// <param name="ignoreIndex">The target of rows that do not count.</param>
    /// <param name="softCap">Logits become c·tanh(logit/c); 0 for none.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">Sizes or devices do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A target is neither a class nor <paramref name="ignoreIndex"/>.</exception>
    public static Tensor LinearCrossEntropy(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<int> targets, int ignoreIndex = -100, float softCap = 0) =>
        LinearCrossEntropy(x, weight, bias, targets, ignoreIndex, softCap, share: null);

    /// <summary><see cref="LinearCrossEntropy(Tensor, Tensor, Tensor?, ReadOnlySpan{int}, int, float)"/>, of a matrix that makes some of the logits if there is a share.</summary>
    internal static Tensor LinearCrossEntropy(Tensor x, Tensor weight, Tensor? bias, ReadOnlySpan<int> targets, int ignoreIndex, float softCap, LogitShare? share)
    {
        if (weight.Rank != 2 || weight.Shape[0] == 0) TensorErrors.WrongShape("LinearCrossEntropy", "weight", weight.Shape, "[classes, in], at least one class");
        CheckFeatures(x, weight.Shape[1]);
        SameDevice("LinearCrossEntropy", x, weight);
        if (bias is not null) CheckBias(x, bias, weight.Shape[0]);
        return OutputLoss(x, new OutputMatrix(weight, null, bias), targets, ignoreIndex, softCap, share);
    }

    /// <summary><see cref="LinearCrossEntropy(Tensor, Tensor, Tensor?, ReadOnlySpan{int}, int, float)"/> for a matrix in weight form, which does not learn.</summary>
    internal static Tensor LinearCrossEntropy(Tensor x, LinearWeights weights, Tensor? bias, ReadOnlySpan<int> targets, int ignoreIndex, float softCap, LogitShare? share = null)
    {
        CheckFeatures(x, weights.Columns);
        if (bias is not null) CheckBias(x, bias, weights.Rows);
        return OutputLoss(x, new OutputMatrix(null, weights, bias), targets, ignoreIndex, softCap, share);
    }

    private static Tensor OutputLoss(Tensor x, OutputMatrix matrix, ReadOnlySpan<int> targets, int ignoreIndex, float softCap, LogitShare? share)
    {
        Tensor rows = AsRows(x);
        int counted = CheckTargets(targets, rows.Shape[0], share?.Classes ?? matrix.Classes, ignoreIndex);
        GradientTape? tape = GradientTape.Watching(rows, matrix.Weight, matrix.Bias);
        using TensorScope.Lease lease = TensorScope.Begin();
        OutputGradients gradients = new(tape, rows, matrix);
        double total = 0;
        using (GradientTape.NoGrad())
        {
            int step = (int)Math.Clamp(LogitsAtOnce / (share?.Widest ?? matrix.Classes), 32, Math.Max(rows.Shape[0], 32));
            for (int first = 0; first < rows.Shape[0]; first += step)
            {
                using TensorScope.Lease part = TensorScope.Begin();
                int count = Math.Min(step, rows.Shape[0] - first);
                Tensor input = rows.Slice(0, first, count), logits = matrix.Apply(input);
                ReadOnlySpan<int> wanted = targets.Slice(first, count);
                Tensor? slopes = tape is null ? null : logits;
                double scale = 1.0 / Math.Max(counted, 1);
                total += share?.CrossEntropy(logits, wanted, ignoreIndex, softCap, scale, slopes) ?? logits.Backend.CrossEntropy(logits, wanted, ignoreIndex, softCap, scale, slopes);
                if (tape is not null) gradients.Add(first, input, logits);
            }
            if (gradients.OfInput is not null) share?.SumInputGradient(gradients.OfInput);
        }
        Tensor loss = Tensor.Full(default, counted == 0 ? 0 : total / counted, x.Device);
        if (tape is not null) ScaledGradients(tape, loss, (rows.Node, gradients.OfInput), (matrix.Weight?.Node, gradients.OfWeight), (matrix.Bias?.Node, gradients.OfBias));
        return lease.Return(loss);
    }

    /// <summary>Checks targets and counts those that are not ignored.</summary>
    private static int CheckTargets(ReadOnlySpan<int> targets, int rows, int classes, int ignoreIndex)
    {
        if (targets.Length != rows) TensorErrors.WrongCount("CrossEntropy", "targets", targets.Length, rows);
        int counted = 0;
        for (int r = 0; r < rows; r++)
        {
            if (targets[r] == ignoreIndex) continue;
            if ((uint)targets[r] >= (uint)classes)
                throw new ArgumentOutOfRangeException(nameof(targets), targets[r], $"CrossEntropy: target {targets[r]} of row {r} is not a class; expected 0 to {classes - 1}, or {ignoreIndex} to ignore the row.");
            counted++;
        }
        return counted;
    }

    /// <summary>Records a scalar whose gradients are known already, but for the factor that comes from what follows it.</summary>
    private static void ScaledGradients(GradientTape tape, Tensor loss, params ReadOnlySpan<(GradientNode? Node, Tensor? Gradient)> parts)
    {
        (GradientNode Node, SavedTensor Gradient)[] saved = new (GradientNode, SavedTensor)[parts.Length];
        int count = 0;
        foreach ((GradientNode? node, Tensor? gradient) in parts)
            if (node is not null) saved[count++] = (node, tape.Save(gradient!, "CrossEntropy"));
        tape.Record(loss, upstream =>
        {
            float factor = (float)upstream.Item();
            for (int i = 0; i < count; i++)
            {
                // Nobody else has this memory, and it is used once.
                Tensor part = saved[i].Gradient.Value;
                if (factor != 1) part.Backend.Binary(BinaryOp.Multiply, part, Tensor.Full(new Shape(1), factor, part.Device).BroadcastTo(part.Shape), part);
                saved[i].Node.Add(part);
            }
        });
    }

    /// <summary>The output layer: a tensor, or a matrix in weight form.</summary>
    private readonly record struct OutputMatrix(Tensor? Weight, LinearWeights? Frozen, Tensor? Bias)
    {
        public int Classes => Weight?.Shape[0] ?? Frozen!.Rows;

        public Tensor Apply(Tensor x) => Weight is null ? Linear(x, Frozen!, Bias) : Linear(x, Weight, Bias);

        public void MultiplyTransposed(Tensor dLogits, Tensor dx)
        {
            if (Weight is null) MultiplyFrozen(dLogits, Frozen!, dx, accumulate: false);
            else dx.Backend.MatMul(dLogits.Unsqueeze(0), Weight.Unsqueeze(0), dx.Unsqueeze(0));
        }
    }

    /// <summary>The output layer's gradients, which grow as the stretches of logits come and go.</summary>
    private readonly struct OutputGradients
    {
        private readonly OutputMatrix _matrix;

        public OutputGradients(GradientTape? tape, Tensor x, in OutputMatrix matrix)
        {
            _matrix = matrix;
            if (tape is null) return;
            if (x.Node is not null) OfInput = Tensor.Allocate(x.Shape, x.Device);
            if (matrix.Weight?.Node is not null) OfWeight = Tensor.Zeros(matrix.Weight.Shape, x.Device);
            if (matrix.Bias?.Node is not null) OfBias = Tensor.Zeros(matrix.Bias.Shape, x.Device);
        }

        public Tensor? OfInput { get; }

        public Tensor? OfWeight { get; }

        public Tensor? OfBias { get; }

        public void Add(int first, Tensor input, Tensor dLogits)
        {
            IBackend backend = input.Backend;
            if (OfInput is not null) _matrix.MultiplyTransposed(dLogits, OfInput.Slice(0, first, input.Shape[0]));
            if (OfWeight is not null) backend.MatMul(dLogits.Transpose(0, 1).Unsqueeze(0), input.Unsqueeze(0), OfWeight.Unsqueeze(0), accumulate: true);
            if (OfBias is not null) backend.SumRows(dLogits, OfBias);
        }
    }
}
