using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// ALiBi (Press et al. 2021, arXiv 2108.12409): −slope·(i − j) with the slopes of <see cref="AlibiSlopes"/>. Nothing is
/// learned, and lengths beyond those of training cost no quality at once.
/// </summary>
/// <param name="heads">The number of query heads.</param>
/// <param name="device">Where the model computes.</param>
public sealed class AlibiBiases(int heads, Device device) : DistanceBiases
{
    private const int FirstLength = 256;
    private readonly Lock _gate = new();
    private volatile Tensor? _table;

    /// <inheritdoc/>
    public override Tensor Between(int tokens) => DistanceBias.Alibi(heads, tokens, tokens, device);

    internal override Tensor Before(int length)
    {
        if (_table is { } table && table.Shape[1] >= length) return table;
        lock (_gate)
        {
            if (_table is { } grown && grown.Shape[1] >= length) return grown;
            return _table = Build((int)Math.Min(int.MaxValue, Math.Max(FirstLength, 2L * length)));
        }
    }

    private Tensor Build(int length)
    {
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor table = Tensor.AllocateUnscoped(Shape.Of(heads, length), device);
        table.Assign(DistanceBias.Alibi(heads, 1, length, device));
        return table;
    }
}
