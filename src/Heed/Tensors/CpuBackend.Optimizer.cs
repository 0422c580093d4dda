using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Dropout, the loss and the optimizer's step.</content>
internal sealed partial class CpuBackend
{
    public void Dropout(Tensor x, float rate, ulong seed, Tensor destination)
    {
        int columns = x.Shape[^1];
        RunRows(new DropoutWork(x, rate, seed, destination, columns), RowsOf(x, columns), columns);
    }

    public double CrossEntropy(Tensor logits, ReadOnlySpan<int> targets, int ignoreIndex, float softCap, double gradientScale, Tensor? gradient)
    {
        int rows = targets.Length;
        NativeBuffer buffer = _pool.Scratch.Rent((long)rows * (sizeof(double) + sizeof(int)));
        targets.CopyTo(buffer.AsSpan<int>((long)rows * sizeof(double), rows));
        LossWork work = new(logits, buffer, rows, ignoreIndex, softCap, gradientScale, gradient);
        RunRows(work, rows, logits.Shape[^1]);
        double total = 0;
        foreach (double loss in buffer.AsSpan<double>(0, rows)) total += loss;
        _pool.Scratch.Return(buffer);
        return total;
    }

    public double SquaredNorm(Tensor x)
    {
        int blocks = (x.ElementCount + FoldBlock - 1) / FoldBlock;
        if (blocks == 0) return 0;
        NativeBuffer partials = _pool.Scratch.Rent((long)sizeof(double) * blocks);
        SquaredNormJob job = new(x, partials);
        Run(ref job, x.ElementCount, blocks);
        double total = 0;
        foreach (double partial in partials.AsSpan<double>(0, blocks)) total += partial;
        _pool.Scratch.Return(partials);
        return total;
    }

    public void AdamW(Tensor parameter, Tensor gradient, Tensor firstMoment, Tensor secondMoment, in AdamWStep step)
    {
        AdamWFactors factors = new(
            step.GradientScale,
            (float)(1 - (double)step.LearningRate * step.WeightDecay),
            (float)step.ExactBeta1,
            (float)(1 - step.ExactBeta1),
            (float)step.ExactBeta2,
            (float)(1 - step.ExactBeta2),
            (float)(1 / Math.Sqrt(step.Correction2)),
            step.Epsilon,
            (float)(step.LearningRate / step.Correction1),
            step.RoundingSeed != 0,
            step.RoundingKey);
        RunRows(new AdamWWork(parameter, gradient, firstMoment, secondMoment, factors), parameter.ElementCount, 1);
    }

    private readonly struct DropoutWork(Tensor x, float rate, ulong seed, Tensor destination, int columns) : IRowWork
    {
        public void Execute(int first, int rows)
        {
            uint threshold = DropoutStream.Threshold(rate);
            float scale = (float)(1 / (1 - (double)rate));
            for (int r = first; r < first + rows; r++)
                Kernels.Dropout.Row(Rows(x, r, 1, columns), DropoutStream.RowKey(seed, (ulong)r), threshold, scale, Rows(destination, r, 1, columns));
        }
    }

    /// <summary>The rows' losses, 0 where ignored, go to the buffer; the targets lie behind them.</summary>
    private readonly struct LossWork(
        Tensor logits, NativeBuffer buffer, int count, int ignoreIndex, float softCap, double gradientScale, Tensor? gradient) : IRowWork
    {
        public void Execute(int first, int rows)
        {
            int classes = logits.Shape[^1];
            Span<double> losses = buffer.AsSpan<double>(0, count);
            ReadOnlySpan<int> targets = buffer.AsSpan<int>((long)count * sizeof(double), count);
            for (int r = first; r < first + rows; r++)
            {
                Span<float> slopes = gradient is null ? default : Rows(gradient, r, 1, classes);
                losses[r] = 0;
                if (targets[r] == ignoreIndex) slopes.Clear();
                else losses[r] = Kernels.CrossEntropy.Row(Rows(logits, r, 1, classes), targets[r], softCap, gradientScale, slopes);
            }
        }
    }

    private readonly struct SquaredNormJob(Tensor x, NativeBuffer partials) : IPoolJob
    {
        public void Execute(int part)
        {
            Span<double> lanes = stackalloc double[Fold.Lanes];
            lanes.Clear();
            ReadOnlySpan<float> block = x.Span<float>(x.ElementCount)[(part * FoldBlock)..];
            Fold.AddSquares(block[..Math.Min(FoldBlock, block.Length)], lanes);
            partials.AsSpan<double>((long)part * sizeof(double), 1)[0] = Fold.Total(lanes);
        }
    }

    /// <summary>Rows of one element.</summary>
    private readonly struct AdamWWork(Tensor parameter, Tensor gradient, Tensor firstMoment, Tensor secondMoment, AdamWFactors factors) : IRowWork
    {
        public void Execute(int first, int rows) => Kernels.AdamW.Run(
            Rows(parameter, first, rows, 1), Rows(gradient, first, rows, 1), Rows(firstMoment, first, rows, 1), Rows(secondMoment, first, rows, 1), factors, first);
    }
}
