namespace Heed.Tensors;

/// <summary>
/// The position biases w[t, t'] of attention-free mixing (Zhai et al. 2021, arXiv 2105.14103): whole, as a product of two
/// narrow factors, or within a window alone. Outside of a window w is 0: the key is seen, without a bias.
/// </summary>
public readonly record struct PositionBias
{
    private PositionBias(Tensor left, Tensor? right, int window)
    {
        Left = left;
        Right = right;
        Window = window;
    }

    /// <summary>No biases: AFT-simple.</summary>
    public static PositionBias None => default;

    internal Tensor? Left { get; }

    internal Tensor? Right { get; }

    /// <summary>w is 0 where |t − t'| is this or more; 0 if there is no bound.</summary>
    public int Window { get; }

    /// <summary>Whether there are no biases.</summary>
    public bool IsNone => Left is null;

    /// <summary>Whether w is stored as a band.</summary>
    internal bool IsBand => Left is not null && Right is null && Window > 0;

    /// <summary>The earlier keys that have biases of their own at a position, at most.</summary>
    internal int Reach => IsBand ? Math.Min(Window, Positions) - 1 : 0;

    /// <summary>The number of positions that there are biases for.</summary>
    public int Positions => Left?.Shape[0] ?? int.MaxValue;

    /// <summary>AFT-full's w, [positions, positions].</summary>
    /// <exception cref="ArgumentException">w is not square.</exception>
    public static PositionBias Dense(Tensor w)
    {
        if (w.Rank != 2 || w.Shape[0] != w.Shape[1]) TensorErrors.WrongShape("PositionBias", "w", w.Shape, "[positions, positions]");
        return new PositionBias(w, null, 0);
    }

    /// <summary>w = u·vᵀ, with 0 outside of a window if there is one.</summary>
    /// <param name="u">[positions, rank].</param>
    /// <param name="v">[positions, rank].</param>
    /// <param name="window">w is 0 where |t − t'| is this or more; 0 for no bound.</param>
    /// <exception cref="ArgumentException">The factors do not fit, or the window is negative.</exception>
    public static PositionBias Factors(Tensor u, Tensor v, int window = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(window);
        if (u.Rank != 2 || u.Shape[1] == 0) TensorErrors.WrongShape("PositionBias", "u", u.Shape, "[positions, rank] with a rank of 1 or more");
        if (v.Shape != u.Shape) TensorErrors.WrongShape("PositionBias", "v", v.Shape, $"{u.Shape}, as u");
        return new PositionBias(u, v, window);
    }

    /// <summary>AFT-local's w, stored as a band: w[t, t'] stands at [t, t' − t + window − 1].</summary>
    /// <param name="band">[positions, 2·window − 1].</param>
    /// <param name="window">w is 0 where |t − t'| is this or more; 1 or more.</param>
    /// <exception cref="ArgumentException">The band does not fit the window.</exception>
    public static PositionBias Band(Tensor band, int window)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        if (band.Rank != 2 || band.Shape[1] != 2L * window - 1) TensorErrors.WrongShape("PositionBias", "band", band.Shape, $"[positions, {2L * window - 1}]");
        return new PositionBias(band, null, window);
    }

    /// <summary>The same kind of bias over other tensors: contiguous ones, or gradients.</summary>
    internal PositionBias With(Tensor? left, Tensor? right) => new(left!, right, Window);
}
