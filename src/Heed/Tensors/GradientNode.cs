namespace Heed.Tensors;

/// <summary>
/// Where a gradient arrives: the result of a recorded operation, or a leaf. Gradients that come from several uses are added up.
/// </summary>
internal abstract class GradientNode(in Shape shape, Device device)
{
    private readonly Shape _shape = shape;

    /// <summary>The shape of the tensor and of its gradient.</summary>
    public Shape Shape => _shape;

    protected Device Device { get; } = device;

    /// <summary>Adds to the gradient; keeps no reference to the tensor object.</summary>
    public abstract void Add(Tensor gradient);

    /// <summary>
    /// Lets <paramref name="write"/> put its part into the gradient's own memory: over undefined contents, or added to
    /// them where its second argument is true.
    /// </summary>
    public abstract void Write(Action<Tensor, bool> write);

    /// <summary>As <see cref="Write"/>, for what can only add: fresh memory is cleared first.</summary>
    public void Accumulate(Action<Tensor> add) => Write((gradient, accumulate) =>
    {
        if (!accumulate) gradient.Backend.Fill(gradient, 0);
        add(gradient);
    });

    protected void CheckShape(Tensor gradient)
    {
        if (gradient.Shape != _shape) TensorErrors.WrongShape("Backward", "gradient", gradient.Shape, $"the tensor's own {_shape}");
    }
}
