namespace Heed.Tensors;

/// <summary>The elements of a Float64 tensor by their row-major number or by their indices, whatever the strides.</summary>
internal readonly ref struct ReferenceView
{
    private readonly Tensor _tensor;
    private readonly Span<double> _memory;

    public ReferenceView(Tensor tensor)
    {
        _tensor = tensor;
        _memory = tensor.Extent<double>();
    }

    /// <summary>The element with the given row-major number.</summary>
    public ref double this[int number]
    {
        get
        {
            Shape shape = _tensor.Shape;
            int place = 0;
            for (int axis = shape.Rank - 1; axis >= 0; axis--)
            {
                place += number % shape[axis] * _tensor.Stride(axis);
                number /= shape[axis];
            }
            return ref _memory[place];
        }
    }

    /// <summary>The element with the given index along each axis.</summary>
    public ref double At(params ReadOnlySpan<int> indices)
    {
        int place = 0;
        for (int axis = 0; axis < indices.Length; axis++) place += indices[axis] * _tensor.Stride(axis);
        return ref _memory[place];
    }
}
