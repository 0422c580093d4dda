using Heed.Tensors;

namespace Heed.Nn;

/// <summary>
/// ALiBi (Press et al. 2021, arXiv 2108.12409): −slope·(i − j) with the slopes of <see cref="AlibiSlopes"/>. Nothing is
/// learned, and lengths beyond those of training cost no quality at once.
/// </summary>
public sealed class AlibiBiases : DistanceBiases
{
    private const int FirstLength = 256;
    private readonly Lock _gate = new();
    private readonly float[] _slopes;
    private readonly Device _device;
    private volatile Tensor? _table;

    /// <summary>The biases of all heads.</summary>
    /// <param name="heads">The number of query heads.</param>
    /// <param name="device">Where the model computes.</param>
    public AlibiBiases(int heads, Device device) : this((0, heads), heads, device)
    {
    }

    /// <summary>The biases of some of a model's heads.</summary>
    internal AlibiBiases((int First, int All) share, int heads, Device device)
    {
        _slopes = AlibiSlopes.For(share.All)[share.First..(share.First + heads)];
        _device = device;
    }

    /// <inheritdoc/>
    public override Tensor Between(int tokens) => DistanceBias.Alibi(_slopes, tokens, tokens, _device);

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
        Tensor table = Tensor.AllocateUnscoped(Shape.Of(_slopes.Length, length), _device);
        table.Assign(DistanceBias.Alibi(_slopes, 1, length, _device));
        return table;
    }
}
