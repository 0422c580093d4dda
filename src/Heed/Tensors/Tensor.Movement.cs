namespace Heed.Tensors;

/// <content>Views and copies: what moves elements without computing on them.</content>
public sealed partial class Tensor
{
    /// <summary>The same elements in row-major order under another shape; one axis may be −1 and is worked out.</summary>
    /// <remarks>A view if this tensor is contiguous, else a copy.</remarks>
    /// <exception cref="ArgumentException">The element counts differ.</exception>
    public Tensor Reshape(params ReadOnlySpan<int> axes)
    {
        if (axes.Length > Shape.MaxRank) TensorErrors.BadShape(axes);
        Span<int> sizes = stackalloc int[axes.Length];
        axes.CopyTo(sizes);
        int open = sizes.IndexOf(-1);
        if (open >= 0)
        {
            int known = 1;
            for (int i = 0; i < sizes.Length; i++)
                if (i != open) known *= sizes[i];
            sizes[open] = known > 0 ? ElementCount / known : 0;
        }
        return Reshape(new Shape(sizes));
    }

    /// <summary>The same elements in row-major order under another shape.</summary>
    /// <exception cref="ArgumentException">The element counts differ.</exception>
    public Tensor Reshape(in Shape shape)
    {
        if (shape.ElementCount != ElementCount)
            TensorErrors.Argument($"Reshape: {Shape} has {ElementCount} elements, {shape} has {shape.ElementCount}; they must be equal.");
        Tensor source = Contiguous(), view = source.ContiguousView(shape, 0);
        if (GradientTape.Watching(source) is { } tape) ReshapeGradient(tape, source, view);
        return view;
    }

    /// <summary>The axes in another order: axis i of the result is axis <paramref name="order"/>[i] of this one. A view.</summary>
    public Tensor Permute(params ReadOnlySpan<int> order)
    {
        if (order.Length != Rank) TensorErrors.Argument($"Permute: got {order.Length} axes for shape {Shape}; expected {Rank}.");
        Span<int> sizes = stackalloc int[Shape.MaxRank], strides = stackalloc int[Shape.MaxRank];
        int seen = 0;
        for (int i = 0; i < order.Length; i++)
        {
            int axis = order[i];
            if ((uint)axis >= (uint)Rank || (seen & (1 << axis)) != 0)
                TensorErrors.Argument($"Permute: [{string.Join(", ", order.ToArray())}] is not a permutation of {Rank} axes.");
            seen |= 1 << axis;
            sizes[i] = _shape[axis];
            strides[i] = _strides[axis];
        }
        Tensor view = View(new Shape(sizes[..Rank]), strides, _offset);
        if (GradientTape.Watching(this) is { } tape) PermuteGradient(tape, this, order, view);
        return view;
    }

    /// <summary>Two axes swapped. A view.</summary>
    public Tensor Transpose(Index a, Index b)
    {
        int first = AxisOf("Transpose", a), second = AxisOf("Transpose", b);
        Span<int> order = stackalloc int[Rank];
        for (int i = 0; i < order.Length; i++) order[i] = i;
        (order[first], order[second]) = (second, first);
        return Permute(order);
    }

    /// <summary>Elements <paramref name="start"/> to <paramref name="start"/> + <paramref name="length"/> − 1 along an axis. A view.</summary>
    public Tensor Slice(Index axis, int start, int length)
    {
        int a = AxisOf("Slice", axis);
        int size = _shape[a];
        if (start < 0 || length < 0 || start > size - length) TensorErrors.BadSlice(a, start, length, Shape);
        Tensor view = ViewObject(_shape.WithAxis(a, length), _offset + start * _strides[a]);
        view._strides = _strides;
        view.FindContiguity();
        if (GradientTape.Watching(this) is { } tape) SliceGradient(tape, this, a, start, length, view);
        return view;
    }

    /// <summary>One element of an axis, which disappears. A view.</summary>
    public Tensor Select(Index axis, int index) => Slice(axis, index, 1).Squeeze(axis);

    /// <summary>Every <paramref name="step"/>th element along an axis. A view.</summary>
    public Tensor Every(Index axis, int step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        int a = AxisOf("Every", axis);
        Span<int> sizes = stackalloc int[Shape.MaxRank], strides = stackalloc int[Shape.MaxRank];
        CopyAxes(sizes, strides);
        sizes[a] = sizes[a] == 0 ? 0 : (sizes[a] - 1) / step + 1;
        strides[a] *= step;
        Tensor view = View(new Shape(sizes[..Rank]), strides, _offset);
        if (GradientTape.Watching(this) is { } tape) EveryGradient(tape, this, a, step, view);
        return view;
    }

    /// <summary>An axis of one element removed. A view.</summary>
    public Tensor Squeeze(Index axis)
    {
        int a = AxisOf("Squeeze", axis);
        if (_shape[a] != 1) TensorErrors.Argument($"Squeeze: axis {axis} of {Shape} has more than one element.");
        Span<int> sizes = stackalloc int[Shape.MaxRank], strides = stackalloc int[Shape.MaxRank];
        CopyAxes(sizes, strides);
        sizes[(a + 1)..Rank].CopyTo(sizes[a..]);
        strides[(a + 1)..Rank].CopyTo(strides[a..]);
        Tensor view = View(new Shape(sizes[..(Rank - 1)]), strides, _offset);
        if (GradientTape.Watching(this) is { } tape) ReshapeGradient(tape, this, view);
        return view;
    }

    /// <summary>A new axis of one element before <paramref name="axis"/>; <c>^0</c> puts it last. A view.</summary>
    public Tensor Unsqueeze(Index axis)
    {
        int a = axis.GetOffset(Rank);
        if ((uint)a > (uint)Rank) TensorErrors.Argument($"Unsqueeze: a new axis at {axis} does not fit {Shape}; expected 0 to {Rank}.");
        if (Rank == Shape.MaxRank) TensorErrors.Argument($"Unsqueeze: {Shape} has {Rank} axes already.");
        Span<int> sizes = stackalloc int[Shape.MaxRank], strides = stackalloc int[Shape.MaxRank];
        CopyAxes(sizes, strides);
        sizes[a..Rank].CopyTo(sizes[(a + 1)..]);
        strides[a..Rank].CopyTo(strides[(a + 1)..]);
        sizes[a] = 1;
        strides[a] = a + 1 <= Rank ? sizes[a + 1] * strides[a + 1] : 1;
        Tensor view = View(new Shape(sizes[..(Rank + 1)]), strides, _offset);
        if (GradientTape.Watching(this) is { } tape) ReshapeGradient(tape, this, view);
        return view;
    }

    /// <summary>
    /// The tensor repeated to <paramref name="shape"/> without copying: axes are aligned at the last one, axes of size 1
    /// and missing leading axes repeat. A view.
    /// </summary>
    /// <exception cref="ArgumentException">An axis is neither equal nor 1.</exception>
    public Tensor BroadcastTo(in Shape shape)
    {
        if (shape == Shape) return this;
        int lead = shape.Rank - Rank;
        if (lead < 0) TensorErrors.Argument($"BroadcastTo: {Shape} has more axes than {shape}.");
        Span<int> strides = stackalloc int[Shape.MaxRank];
        for (int i = 0; i < shape.Rank; i++)
        {
            if (i < lead || (_shape[i - lead] == 1 && shape[i] != 1)) strides[i] = 0;
            else if (_shape[i - lead] == shape[i]) strides[i] = _strides[i - lead];
            else TensorErrors.Argument($"BroadcastTo: {Shape} does not broadcast to {shape}; axis {i} has size {_shape[i - lead]}, need 1 or {shape[i]}.");
        }
        Tensor view = View(shape, strides, _offset);
        if (GradientTape.Watching(this) is { } tape) BroadcastGradient(tape, this, view);
        return view;
    }

    /// <summary>This tensor if it is contiguous, else a contiguous copy.</summary>
    public Tensor Contiguous() => IsContiguous ? this : Clone();

    /// <summary>A contiguous copy.</summary>
    public Tensor Clone()
    {
        Tensor copy = Allocate(Shape, Device);
        Backend.Copy(this, copy);
        if (GradientTape.Watching(this) is { } tape) ReshapeGradient(tape, this, copy);
        return copy;
    }

    /// <summary>The tensor on another device, converted to its element type; this tensor if it is there already.</summary>
    public Tensor To(Device device)
    {
        if (ReferenceEquals(device, Device)) return this;
        Tensor moved = Move(device);
        if (GradientTape.Watching(this) is { } tape) MoveGradient(tape, this, moved);
        return moved;
    }

    private Tensor Move(Device device)
    {
        using GradientTape.Pause pause = GradientTape.NoGrad();
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor source = Contiguous();
        Tensor result = Allocate(Shape, device);
        if (DType == device.DType) source.Bytes().CopyTo(result.Bytes());
        else if (device.DType == DType.Float64) Widen(source.Span<float>(ElementCount), result.Span<double>(ElementCount));
        else source.CopyTo(result.Span<float>(ElementCount));
        return lease.Return(result);
    }

    /// <summary>Overwrites this tensor's elements with those of <paramref name="source"/>, which must broadcast to it.</summary>
    public void Assign(Tensor source)
    {
        if (!ReferenceEquals(source.Device, Device)) TensorErrors.DevicesDiffer("Assign", Device, source.Device);
        BeginWrite("Assign", source);
        using TensorScope.Lease lease = TensorScope.Begin();
        Backend.Copy(ApartFrom(source).BroadcastTo(Shape), this);
    }

    private int AxisOf(string operation, Index axis)
    {
        int i = axis.GetOffset(Rank);
        if ((uint)i >= (uint)Rank) TensorErrors.Argument($"{operation}: axis {axis} is outside {Shape}.");
        return i;
    }

    /// <summary>Refuses a destination some of whose elements share a place: what is written there would depend on the order.</summary>
    internal void CheckWritable(string operation)
    {
        if (IsContiguous) return;
        Span<(int Stride, int Size)> axes = stackalloc (int, int)[Shape.MaxRank];
        int count = 0;
        for (int i = 0; i < Rank; i++)
            if (_shape[i] > 1) axes[count++] = (_strides[i], _shape[i]);
        axes = axes[..count];
        axes.Sort();
        long reach = 0;
        foreach ((int stride, int size) in axes)
        {
            // An axis must step past all that the smaller steps reach.
            if (stride <= reach) TensorErrors.Argument($"{operation}: elements of the destination {Shape} share memory (a broadcast or unfolded view); write to a copy.");
            reach += (size - 1L) * stride;
        }
    }

    /// <summary>The tensor itself, or a copy where it shares this one's memory in another order.</summary>
    internal Tensor ApartFrom(Tensor source)
    {
        if (!ReferenceEquals(source._storage, _storage)) return source;
        bool same = source._offset == _offset && source._shape == _shape;
        for (int i = 0; same && i < Rank; i++) same = source._strides[i] == _strides[i];
        return same ? source : source.Clone();
    }

    private void CopyAxes(Span<int> sizes, Span<int> strides)
    {
        for (int i = 0; i < Rank; i++)
        {
            sizes[i] = _shape[i];
            strides[i] = _strides[i];
        }
    }

    private Span<byte> Bytes() => DType == DType.Float32
        ? System.Runtime.InteropServices.MemoryMarshal.AsBytes(Span<float>(ElementCount))
        : System.Runtime.InteropServices.MemoryMarshal.AsBytes(Span<double>(ElementCount));

    private static void Widen(ReadOnlySpan<float> source, Span<double> destination)
    {
        for (int i = 0; i < source.Length; i++) destination[i] = source[i];
    }
}
