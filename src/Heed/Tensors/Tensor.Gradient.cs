namespace Heed.Tensors;

/// <content>Gradients: see <see cref="GradientTape"/>.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// Whether this tensor is a leaf whose <see cref="Gradient"/> is wanted: a parameter. Setting it to false forgets the
    /// gradient.
    /// </summary>
    /// <exception cref="InvalidOperationException">Set on a tensor that was computed under a tape: that has a gradient of its own already.</exception>
    public bool RequiresGradient
    {
        get => _node is LeafNode;
        set
        {
            if (value == RequiresGradient) return;
            if (_node is RecordedNode)
                throw new InvalidOperationException("RequiresGradient: the tensor was computed under a tape; set it on the tensors that it was computed from, or on a copy made under NoGrad.");
            _node = value ? new LeafNode(Shape, Device) : null;
        }
    }

    /// <summary>The gradient that the tapes have added up since <see cref="ClearGradient"/>, of this tensor's shape; null if there is none.</summary>
    public Tensor? Gradient => (_node as LeafNode)?.Gradient;

    /// <summary>Forgets the gradient, so that the next tape begins a new sum.</summary>
    public void ClearGradient() => (_node as LeafNode)?.Clear();

    internal GradientNode? Node
    {
        get => _node;
        set => _node = value;
    }

    internal int WriteVersion => _storage?.Version ?? 0;

    internal bool IsSharedMemory => _storage!.IsShared;

    /// <summary>Another tensor over the same memory that no scope ends: release it.</summary>
    internal Tensor Hold()
    {
        if (!_alive) TensorErrors.Ended();
        Tensor held = new() { _alive = true, _device = _device, _shape = _shape, _strides = _strides, _offset = _offset, IsContiguous = IsContiguous };
        held.ShareStorage(_storage!);
        return held;
    }

    /// <summary>Checks that the tensor may be written to in place, and tells those who saved it.</summary>
    /// <exception cref="InvalidOperationException">Its value, or what is written, is part of a recorded computation.</exception>
    internal void BeginWrite(string operation, Tensor? source = null)
    {
        if (GradientTape.Watching(this, source) is not null)
            throw new InvalidOperationException(
                $"{operation}: a tensor of shape {Shape} is being recorded for its gradient and cannot be written to in place; use the operation that makes a new tensor, or GradientTape.NoGrad().");
        CheckWritable(operation);
        _storage!.Version++;
    }
}
