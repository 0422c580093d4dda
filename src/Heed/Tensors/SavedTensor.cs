namespace Heed.Tensors;

/// <summary>
/// A tensor as it was when an operation was recorded. It holds the memory, so that the tensor's own scope may end, and
/// notices when somebody writes to that memory before the gradient is computed.
/// </summary>
internal sealed class SavedTensor(Tensor source, string operation)
{
    private readonly int _version = source.WriteVersion;
    private readonly Tensor _tensor = source.Hold();

    /// <summary>The tensor; a view of the memory of the one that was saved.</summary>
    public Tensor Value => _tensor;

    /// <exception cref="InvalidOperationException">The memory was written to.</exception>
    public void Check()
    {
        if (_tensor.WriteVersion != _version)
            throw new InvalidOperationException(
                $"Backward: a tensor of shape {_tensor.Shape} that {operation} needs for its gradient was overwritten in place after it was recorded; write to a copy.");
    }

    public void Free() => _tensor.Release();
}
