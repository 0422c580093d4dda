namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Dropout (Srivastava et al. 2014): an element becomes 0 with probability <paramref name="rate"/>, the others are
    /// divided by 1 − rate. Which ones depends on the seed and their place alone, not on threads or calls before.
    /// </summary>
    /// <param name="x">One axis or more; the last one counts as a row.</param>
    /// <param name="rate">At least 0, below 1; with 0 x itself is returned.</param>
    /// <param name="seed">Which elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is out of range.</exception>
    public static Tensor Dropout(Tensor x, float rate, ulong seed)
    {
        if (!(rate >= 0 && rate < 1)) throw new ArgumentOutOfRangeException(nameof(rate), rate, $"Dropout: rate is {rate}; expected 0 or more, below 1.");
        if (x.Rank == 0) TensorErrors.WrongShape("Dropout", "x", x.Shape, "one axis or more");
        if (rate == 0) return x;
        Tensor input = x.Contiguous(), result = Tensor.Allocate(x.Shape, x.Device);
        x.Backend.Dropout(input, rate, seed, result);
        if (GradientTape.Watching(input) is { } tape) DropoutGradient(tape, input, rate, seed, result);
        return result;
    }

    private static void DropoutGradient(GradientTape tape, Tensor x, float rate, ulong seed, Tensor result)
    {
        GradientNode node = x.Node!;
        tape.Record(result, gradient =>
        {
            Tensor dx = Tensor.Allocate(gradient.Shape, gradient.Device);
            gradient.Backend.Dropout(gradient.Contiguous(), rate, seed, dx);
            node.Add(dx);
        });
    }
}
