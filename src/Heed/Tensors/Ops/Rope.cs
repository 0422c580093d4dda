namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Rotary positions (Su et al. 2021, arXiv 2104.09864): turns pair i of every head by the angle of its row's position.
    /// </summary>
    /// <param name="x">[batch, seq, heads, headDim]; overwritten, and returned.</param>
    /// <param name="cos">Cosines [position, rotaryDim/2]; elements of a head past rotaryDim stay as they are.</param>
    /// <param name="sin">Sines, of the same shape.</param>
    /// <param name="positions">Where each row of batch × seq stands; −1 (padding) leaves it unturned.</param>
    /// <param name="layout">Which elements form a pair.</param>
    /// <exception cref="ArgumentOutOfRangeException">A position is outside the tables.</exception>
    public static Tensor RopeInPlace(Tensor x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout)
    {
        if (x.Rank != 4) TensorErrors.WrongShape("Rope", "x", x.Shape, "[batch, seq, heads, headDim]");
        if (cos.Rank != 2 || cos.Shape != sin.Shape || 2 * cos.Shape[1] > x.Shape[3])
            TensorErrors.WrongShape("Rope", "cos", cos.Shape, $"that of sin {sin.Shape}: [positions, up to {x.Shape[3] / 2}]");
        if (positions.Length != x.Shape[0] * x.Shape[1])
            TensorErrors.Argument($"Rope: got {positions.Length} positions for x {x.Shape}; expected {x.Shape[0] * x.Shape[1]}.");
        CheckPositions("Rope", positions, cos.Shape[0]);
        x.Backend.Rope(x, cos, sin, positions, layout);
        return x;
    }

    private static void CheckPositions(string operation, ReadOnlySpan<int> positions, int limit)
    {
        foreach (int position in positions)
            if (position < -1 || position >= limit)
                throw new ArgumentOutOfRangeException(nameof(positions), position,
                    $"{operation}: position {position} is out of bounds; expected −1 (padding) or 0 to {limit - 1}.");
    }
}
