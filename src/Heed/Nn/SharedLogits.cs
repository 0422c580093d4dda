using Heed.Distributed;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>Losses of rows whose logits several ranks share: each row's greatest logit, sum of exponentials and target's logit travel, the logits do not.</summary>
internal sealed class SharedLogits(VocabularyRanges ranges, ICommunicator ranks, bool sumsInput = true) : LogitShare(ranges.Count, ranges.Widest)
{
    public override double CrossEntropy(Tensor logits, ReadOnlySpan<int> targets, int ignoreIndex, float softCap, double gradientScale, Tensor? gradient)
    {
        using GradientTape.Pause pause = GradientTape.NoGrad();
        using TensorScope.Lease lease = TensorScope.Begin();
        if (softCap > 0) Ops.SoftCapInPlace(logits, softCap);
        Tensor? slopes = softCap > 0 && gradient is not null ? 1 - (logits / softCap).Square() : null;
        Tensor greatest = logits.Max([^1], keepDims: true); // [rows, 1]
        Collectives.Reduce(greatest, ranks, Reduction.Max);

        // [sums of exponentials | targets' logits], in double, so that the ranks' number adds no rounding.
        double[] exchanged = new double[2 * targets.Length];
        Choose(logits, targets, exchanged.AsSpan(targets.Length));
        Exponentials(logits, greatest);
        Tensor sums = logits.Sum([^1]);
        for (int row = 0; row < targets.Length; row++) exchanged[row] = ElementOf(sums, row);
        ranks.AllReduce<double>(exchanged);
        if (gradient is not null) Slopes(logits, targets, ignoreIndex, (greatest, exchanged), (softCap, gradientScale), slopes, gradient);
        double total = 0;
        for (int row = 0; row < targets.Length; row++)
            if (targets[row] != ignoreIndex) total += Math.Log(exchanged[row]) + (ElementOf(greatest, row) - exchanged[targets.Length + row]);
        return total;
    }

    public override void SumInputGradient(Tensor gradient)
    {
        if (sumsInput) Collectives.Reduce(gradient, ranks);
    }

    /// <summary>The targets' logits, where they are here.</summary>
    private void Choose(Tensor logits, ReadOnlySpan<int> targets, Span<double> chosen)
    {
        for (int row = 0; row < targets.Length; row++)
            if (PlaceOf(targets[row]) is >= 0 and int place) chosen[row] = ElementOf(logits, row * logits.Shape[1] + place);
    }

    /// <summary>exp(logit − greatest of the row), over the logits.</summary>
    private static void Exponentials(Tensor logits, Tensor greatest)
    {
        logits.Backend.Binary(BinaryOp.Subtract, logits, greatest.BroadcastTo(logits.Shape), logits);
        logits.Backend.Unary(UnaryOp.Exp, logits, logits);
    }

    /// <summary>(softmax − onehot)·scale·slope, and 0 in ignored rows.</summary>
    private void Slopes(Tensor exponentials, ReadOnlySpan<int> targets, int ignoreIndex, (Tensor Greatest, double[] Exchanged) rows, (float SoftCap, double Scale) by,
        Tensor? slopes, Tensor gradient)
    {
        int own = exponentials.Shape[1];
        Tensor factors = Tensor.Allocate(rows.Greatest.Shape, gradient.Device);
        for (int row = 0; row < targets.Length; row++) Set(factors, row, targets[row] == ignoreIndex ? 0 : by.Scale / rows.Exchanged[row]);
        gradient.Backend.Binary(BinaryOp.Multiply, exponentials, factors.BroadcastTo(gradient.Shape), gradient);
        if (slopes is not null) gradient.Backend.Binary(BinaryOp.Multiply, gradient, slopes, gradient);
        for (int row = 0; row < targets.Length; row++)
        {
            // What is not finite in an ignored row is no product of 0.
            if (targets[row] == ignoreIndex) gradient.Backend.Fill(gradient.Slice(0, row, 1), 0);
            else if (PlaceOf(targets[row]) is >= 0 and int place)
            {
                double chosen = rows.Exchanged[targets.Length + row], tanh = by.SoftCap > 0 ? chosen / by.SoftCap : 0;
                double share = Math.Exp(chosen - ElementOf(rows.Greatest, row)) / rows.Exchanged[row];
                Set(gradient, row * own + place, (share - 1) * by.Scale * (1 - tanh * tanh));
            }
        }
    }

    /// <summary>The place of a class among this rank's, −1 if it is another's.</summary>
    private int PlaceOf(int target)
    {
        (int first, int count) = ranges[ranks.Rank];
        return target >= first && target < first + count ? target - first : -1;
    }

    private static double ElementOf(Tensor x, int i) => x.DType == DType.Float32 ? x.Span<float>(x.ElementCount)[i] : x.Span<double>(x.ElementCount)[i];

    private static void Set(Tensor x, int i, double value)
    {
        if (x.DType == DType.Float32) x.Span<float>(x.ElementCount)[i] = (float)value;
        else x.Span<double>(x.ElementCount)[i] = value;
    }
}
