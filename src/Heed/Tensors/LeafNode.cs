namespace Heed.Tensors;

/// <summary>The gradient of a tensor that was not computed but given: a parameter. Lasts from tape to tape until it is cleared.</summary>
internal sealed class LeafNode(in Shape shape, Device device) : GradientNode(shape, device)
{
    private Tensor? _memory;
    private bool _filled;

    /// <summary>The sum of what has arrived since the last <see cref="Clear"/>, or null.</summary>
    public Tensor? Gradient => _filled ? _memory : null;

    /// <summary>Is called after every write to the gradient; or null.</summary>
    public Action? Written { get; set; }

    /// <summary>Forgets the gradient; the memory is kept for the next one.</summary>
    public void Clear() => _filled = false;

    public override void Add(Tensor gradient)
    {
        CheckShape(gradient);
        Write((memory, accumulate) =>
        {
            if (accumulate) memory.Backend.Binary(BinaryOp.Add, memory, gradient, memory);
            else memory.Backend.Copy(gradient, memory);
        });
    }

    public override void Write(Action<Tensor, bool> write)
    {
        _memory ??= Tensor.AllocateUnscoped(Shape, Device);
        write(_memory, _filled);
        _filled = true;
        Written?.Invoke();
    }
}
