using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>
/// An array of numbers with a shape, on a device: a view (offset and strides) of a block of native memory that it may
/// share with other tensors. Operations are methods here and in <see cref="Ops"/>.
/// </summary>
/// <remarks>
/// Made inside a <see cref="TensorScope"/> it lives until the scope's lease ends; elsewhere until it is disposed or
/// collected. Reading from several threads at once is safe, writing is not.
/// </remarks>
[System.Runtime.CompilerServices.SkipLocalsInit]
public sealed partial class Tensor : IDisposable
{
    private Shape _shape;
    private Shape.Axes _strides;
    private int _offset;
    private Storage? _storage;
    private Device? _device;
    private bool _alive;
    private GradientNode? _node;

    internal Tensor()
    {
    }

    /// <summary>The sizes of the axes, outermost first.</summary>
    public ref readonly Shape Shape => ref _shape;

    /// <summary>The number of axes.</summary>
    public int Rank => _shape.Rank;

    /// <summary>The number of elements.</summary>
    public int ElementCount => _shape.ElementCount;

    /// <summary>Where the tensor lives.</summary>
    public Device Device
    {
        get
        {
            if (!_alive) TensorErrors.Ended();
            return _device!;
        }
    }

    /// <summary>The element type.</summary>
    public DType DType => Device.DType;

    /// <summary>Whether the elements lie one after another in row-major order.</summary>
    public bool IsContiguous { get; private set; }

    internal int Offset => _offset;

    internal IBackend Backend => Device.Backend;

    /// <summary>The distance, in elements, between neighbours along an axis; 0 for a broadcast axis.</summary>
    public int Stride(Index axis)
    {
        int i = axis.GetOffset(Rank);
        if ((uint)i >= (uint)Rank) TensorErrors.NoAxis(i, Shape);
        return _strides[i];
    }

    /// <summary>The elements of a contiguous float32 tensor, in place.</summary>
    /// <remarks>A span does not keep a scope's memory: it must not be used after the lease that the tensor belongs to.</remarks>
    /// <exception cref="InvalidOperationException">The tensor is a strided view or not float32.</exception>
    /// <exception cref="ObjectDisposedException">The tensor's scope ended, or it was disposed.</exception>
    public Span<float> AsSpan()
    {
        if (!IsContiguous) TensorErrors.NotContiguous("Tensor.AsSpan", Shape);
        if (DType != DType.Float32) TensorErrors.WrongType("Tensor.AsSpan", DType, DType.Float32);
        return Span<float>(ElementCount);
    }

    /// <summary>The elements in row-major order, as float32.</summary>
    public float[] ToArray()
    {
        float[] values = new float[ElementCount];
        CopyTo(values);
        return values;
    }

    /// <summary>Writes the elements in row-major order, as float32, to <paramref name="destination"/>.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than the tensor.</exception>
    public void CopyTo(Span<float> destination)
    {
        if (destination.Length < ElementCount)
            TensorErrors.Argument($"Tensor.CopyTo: destination has {destination.Length} elements; need {ElementCount}.");
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor source = Contiguous();
        if (DType == DType.Float32)
        {
            source.Span<float>(ElementCount).CopyTo(destination);
            return;
        }
        ReadOnlySpan<double> doubles = source.Span<double>(ElementCount);
        for (int i = 0; i < doubles.Length; i++) destination[i] = (float)doubles[i];
    }

    /// <summary>The value of a tensor with one element.</summary>
    /// <exception cref="InvalidOperationException">The tensor has more or fewer elements.</exception>
    public double Item()
    {
        if (ElementCount != 1) throw new InvalidOperationException($"Tensor.Item: the tensor has shape {Shape}; expected one element.");
        return DType == DType.Float32 ? Span<float>(1)[0] : Span<double>(1)[0];
    }

    /// <summary>Gives the memory back now, if no view shares it.</summary>
    public void Dispose() => Release();

    /// <inheritdoc/>
    public override string ToString() => $"Tensor {Shape} {(_alive ? $"{DType} on {Device}" : "disposed")}";

    /// <summary>The memory from the tensor's first element on, <paramref name="length"/> elements, strides ignored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Span<T> Span<T>(int length) where T : unmanaged
    {
        if (!_alive) TensorErrors.Ended();
        return _storage!.Span<T>(_offset, length);
    }

    /// <summary>The memory that the tensor's elements span: up to the last one, gaps of a strided view included.</summary>
    internal Span<T> Extent<T>() where T : unmanaged
    {
        if (IsContiguous) return Span<T>(ElementCount);
        if (ElementCount == 0) return default;
        long last = 0;
        for (int i = 0; i < Rank; i++) last += (long)(_shape[i] - 1) * _strides[i];
        return Span<T>((int)last + 1);
    }

    /// <summary>Gives a contiguous tensor that nobody else has seen yet another shape, without a view for it.</summary>
    internal Tensor Reframe(in Shape shape)
    {
        if (!IsContiguous || shape.ElementCount != ElementCount) TensorErrors.WrongShape("Reframe", "shape", shape, $"as many elements as a contiguous {Shape}");
        _shape = shape;
        SetRowMajorStrides();
        return this;
    }

    internal void Release()
    {
        Storage? storage = _storage;
        _alive = false;
        if (_node is not null) _node = null;
        if (storage is null) return;
        _storage = null;
        storage.Release();
    }

    /// <summary>Ends the tensor's life but keeps memory that nothing else uses, for the next life of the object.</summary>
    internal void Retire()
    {
        _alive = false;
        if (_node is not null) _node = null;
        if (_storage is not { IsShared: true } shared) return;
        _storage = null;
        shared.Release();
    }

    /// <summary>Makes sure that the object has memory of its own; what it kept serves if it is of the right size.</summary>
    internal void TakeStorage(StoragePool pool, long bytes)
    {
        if (_storage is { } kept)
        {
            if (kept.Fits(bytes)) return;
            kept.Release();
        }
        _storage = pool.Rent(bytes);
        _storage.Use();
    }

    internal void ShareStorage(Storage shared)
    {
        shared.Use();
        _storage?.Release();
        _storage = shared;
    }

    /// <summary>A new tensor with undefined contents, in the current scope if there is one.</summary>
    internal static Tensor Allocate(in Shape shape, Device device) => Allocate(shape, device, TensorScope.Current);

    /// <summary>A new tensor with undefined contents that no scope owns: weights.</summary>
    internal static Tensor AllocateUnscoped(in Shape shape, Device device) => Allocate(shape, device, scope: null);

    /// <summary>A new tensor in native memory whose owner must outlive every use of it and dispose of it: caches.</summary>
    internal static Tensor AllocateOwned(in Shape shape, Device device) => Allocate(shape, device, scope: null, owned: true);

    private static Tensor Allocate(in Shape shape, Device device, TensorScope? scope, bool owned = false)
    {
        long bytes = (long)shape.ElementCount * (device.DType == DType.Float32 ? sizeof(float) : sizeof(double));
        Tensor tensor;
        if (scope is not null) tensor = scope.Adopt(bytes);
        else
        {
            tensor = new Tensor();
            tensor.ShareStorage(owned ? new Storage(bytes, pool: null, sizeClass: 0) : new Storage(bytes));
        }
        tensor._alive = true;
        // In a step that repeats itself the object had this device before; a reference that need not be written is not.
        if (!ReferenceEquals(tensor._device, device)) tensor._device = device;
        tensor._shape = shape;
        tensor._offset = 0;
        tensor.SetRowMajorStrides();
        return tensor;
    }

    /// <summary>Another tensor over the same memory; contiguity is worked out from shape and strides.</summary>
    internal Tensor View(in Shape shape, ReadOnlySpan<int> strides, int offset)
    {
        Tensor view = ViewObject(shape, offset);
        for (int i = shape.Rank - 1; i >= 0; i--) view._strides[i] = strides[i];
        view.FindContiguity();
        return view;
    }

    /// <summary>Works out from shape and strides whether the tensor is contiguous.</summary>
    private void FindContiguity()
    {
        int expected = 1;
        bool contiguous = true;
        for (int i = _shape.Rank - 1; i >= 0; i--)
        {
            int size = _shape[i];
            if (size != 1 && _strides[i] != expected) contiguous = false;
            expected *= size;
        }
        // Axes of one element may have any stride; in a contiguous tensor they get the row-major one, so that all can rely on it.
        if (contiguous || _shape.ElementCount == 0) SetRowMajorStrides();
        else IsContiguous = false;
    }

    /// <summary>Another contiguous tensor over the same memory, <paramref name="start"/> elements into this one.</summary>
    internal Tensor ContiguousView(in Shape shape, int start)
    {
        Tensor view = ViewObject(shape, _offset + start);
        view.SetRowMajorStrides();
        return view;
    }

    private Tensor ViewObject(in Shape shape, int offset)
    {
        if (!_alive) TensorErrors.Ended();
        Tensor view;
        if (TensorScope.Current is { } scope) view = scope.Adopt(_storage!);
        else
        {
            view = new Tensor();
            view.ShareStorage(_storage!);
        }
        view._alive = true;
        if (!ReferenceEquals(view._device, _device)) view._device = _device;
        view._shape = shape;
        // What has no elements begins nowhere: its offset could lie past the memory's end.
        view._offset = shape.ElementCount == 0 ? 0 : offset;
        return view;
    }

    private void SetRowMajorStrides()
    {
        int stride = 1;
        for (int i = _shape.Rank - 1; i >= 0; i--)
        {
            _strides[i] = stride;
            stride *= _shape[i];
        }
        IsContiguous = true;
    }
}
