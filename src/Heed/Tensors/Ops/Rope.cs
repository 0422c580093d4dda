namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>As <see cref="RopeInPlace"/>, but x stays as it is; has a gradient.</summary>
    /// <returns>The turned heads, [batch, seq, heads, headDim].</returns>
    public static Tensor Rope(Tensor x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout)
    {
        if (x.Rank != 4) TensorErrors.WrongShape("Rope", "x", x.Shape, "[batch, seq, heads, headDim]");
        Tensor turned = x.Clone();
        Rope(new HeadRange(turned), cos, sin, positions, layout);
        return turned;
    }

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
        x.BeginWrite("Rope");
        if (x.IsContiguous)
        {
            Rope(new HeadRange(x), cos, sin, positions, layout);
            return x;
        }
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor copy = x.Clone();
        Rope(new HeadRange(copy), cos, sin, positions, layout);
        x.Assign(copy);
        return x;
    }

    /// <summary>
    /// Turns heads where they lie; the caller vouches that nothing but recorded operations that do not need the unturned
    /// values has seen them. Rows that are being recorded go on as the result of this operation.
    /// </summary>
    internal static void Rope(in HeadRange x, Tensor cos, Tensor sin, ReadOnlySpan<int> positions, RopeLayout layout)
    {
        if (cos.Rank != 2 || cos.Shape != sin.Shape || 2 * cos.Shape[1] > x.Dim)
            TensorErrors.WrongShape("Rope", "cos", cos.Shape, "that of sin: [positions, up to headDim/2]");
        if (!cos.IsContiguous || !sin.IsContiguous) TensorErrors.NotContiguous("Rope", cos.Shape);
        SameDevice("Rope", x.Rows, cos);
        SameDevice("Rope", x.Rows, sin);
        if (positions.Length != x.Batch * x.Seq) TensorErrors.WrongCount("Rope", "positions", positions.Length, x.Batch * x.Seq);
        CheckPositions("Rope", positions, cos.Shape[0]);
        x.Rows.Backend.Rope(x, cos, sin, positions, layout);
        if (GradientTape.Watching(x.Rows) is { } tape) RopeGradient(tape, x, cos, sin, positions.ToArray(), layout);
    }

    /// <summary>The gradient of a turn is the turn back.</summary>
    private static void RopeGradient(GradientTape tape, in HeadRange x, Tensor cos, Tensor sin, int[] positions, RopeLayout layout)
    {
        GradientNode node = x.Rows.Node!;
        HeadRange place = x with { Rows = null! };
        SavedTensor cosines = tape.Save(cos, "Rope"), sines = tape.Save(sin, "Rope");
        tape.Record(x.Rows, gradient =>
        {
            Tensor turned = gradient.IsContiguous && !gradient.IsSharedMemory ? gradient : gradient.Clone();
            gradient.Backend.Rope(place with { Rows = turned }, cosines.Value, sines.Value, positions, layout, inverse: true);
            node.Add(turned);
        });
    }

    private static void CheckPositions(string operation, ReadOnlySpan<int> positions, int limit)
    {
        foreach (int position in positions)
            if (position < -1 || position >= limit) TensorErrors.WrongPosition(operation, position, limit);
    }
}
