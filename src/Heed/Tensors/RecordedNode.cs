namespace Heed.Tensors;

/// <summary>The result of a recorded operation: what it needs for its backward step, and the gradient that has arrived so far.</summary>
internal sealed class RecordedNode(GradientTape tape, in Shape shape, Device device, SavedTensor[] saved, Action<Tensor> backward) : GradientNode(shape, device)
{
    private SavedTensor[] _saved = saved;
    private Action<Tensor>? _backward = backward;
    private Tensor? _gradient;

    /// <summary>Where it is recorded.</summary>
    public GradientTape Tape { get; } = tape;

    public override void Add(Tensor gradient)
    {
        CheckShape(gradient);
        CheckAlive();
        if (_gradient is null) _gradient = gradient.Hold();
        else if (_gradient is { IsContiguous: true, IsSharedMemory: false }) _gradient.Backend.Binary(BinaryOp.Add, _gradient, gradient, _gradient);
        else
        {
            using TensorScope.Lease lease = TensorScope.Begin();
            Tensor sum = _gradient + gradient;
            _gradient.Release();
            _gradient = sum.Hold();
        }
    }

    public override void Write(Action<Tensor, bool> write)
    {
        CheckAlive();
        if (_gradient is { IsContiguous: true, IsSharedMemory: false })
        {
            write(_gradient, true);
            return;
        }
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor part = Tensor.Allocate(Shape, Device);
        write(part, false);
        Add(part);
    }

    /// <summary>Passes the gradient on to the operation's inputs, if one has arrived, and gives back all memory.</summary>
    public void Run()
    {
        try
        {
            if (_gradient is null) return;
            foreach (SavedTensor tensor in _saved) tensor.Check();
            using TensorScope.Lease lease = TensorScope.Begin();
            _backward!(_gradient);
        }
        finally
        {
            Free();
        }
    }

    private void CheckAlive()
    {
        if (_backward is null)
            throw new InvalidOperationException($"Backward: a tensor of shape {Shape} was computed under a tape that has ended, so its gradient has nowhere to go; compute it under this tape, or under GradientTape.NoGrad().");
    }

    public void Free()
    {
        _gradient?.Release();
        _gradient = null;
        _backward = null;
        foreach (SavedTensor tensor in _saved) tensor.Free();
        _saved = [];
    }
}
