using System.Diagnostics.CodeAnalysis;

namespace Heed.Tensors;

/// <summary>
/// Owns the tensors of a step: everything made between <see cref="Enter"/> and the lease's end goes back at once, and
/// the next step reuses the same memory. A scope belongs to one thread at a time.
/// </summary>
/// <remarks>
/// Tensors made outside of any scope are freed by their own Dispose or by the garbage collector. Using a tensor after
/// its lease ended is an <see cref="ObjectDisposedException"/>, or, in a scope that recycles (the library's own decode
/// loop), undefined.
/// </remarks>
[System.Runtime.CompilerServices.SkipLocalsInit]
public sealed class TensorScope : IDisposable
{
    [ThreadStatic]
    private static TensorScope? t_current;

    private readonly StoragePool _pool = new();
    private readonly bool _recycles;

    // Tensors of open leases up to _count. In a recycling scope those beyond it are kept, each with its memory: steps repeat
    // themselves, so the next tensor at the same place most likely wants the same.
    private Tensor?[] _live = new Tensor?[64];
    private int _count;

    /// <summary>Makes an empty scope.</summary>
    public TensorScope() : this(recycles: false)
    {
    }

    /// <summary>Makes an empty scope that may reuse tensor objects too, so that its steps allocate nothing managed.</summary>
    internal TensorScope(bool recycles) => _recycles = recycles;

    /// <summary>The scope that tensors of this thread are made in, or null.</summary>
    public static TensorScope? Current => t_current;

    /// <summary>All bytes of native memory that this scope holds, in use or ready for reuse.</summary>
    public long ReservedBytes => _pool.ReservedBytes;

    /// <summary>Makes this the thread's current scope until the lease is disposed; leases nest.</summary>
    public Lease Enter()
    {
        Lease lease = new(this, t_current, _count);
        t_current = this;
        return lease;
    }

    /// <summary>
    /// Opens a lease on the thread's current scope, so that a part of a step gives back its intermediates early;
    /// without a current scope, does nothing.
    /// </summary>
    public static Lease Begin()
    {
        TensorScope? current = t_current;
        return current is null ? default : new Lease(current, current, current._count);
    }

    /// <summary>Frees the scope's memory. Tensors of leases that are still open stay valid until those end.</summary>
    public void Dispose()
    {
        _pool.Dispose();
        for (int i = _count; i < _live.Length; i++) _live[i]?.Release();
    }

    /// <summary>A tensor with memory of its own that this scope will let go at the end of the innermost lease.</summary>
    internal Tensor Adopt(long bytes)
    {
        Tensor tensor = Next();
        tensor.TakeStorage(_pool, bytes);
        return tensor;
    }

    /// <summary>A tensor over memory that it shares, which this scope will let go at the end of the innermost lease.</summary>
    internal Tensor Adopt(Storage shared)
    {
        Tensor tensor = Next();
        tensor.ShareStorage(shared);
        return tensor;
    }

    private Tensor Next()
    {
        if (_count == _live.Length) Array.Resize(ref _live, 2 * _count);
        return _live[_count++] ??= new Tensor();
    }

    private void Rewind(int mark)
    {
        Tensor?[] live = _live;
        for (int i = _count - 1; i >= mark; i--)
        {
            if (_recycles)
            {
                live[i]!.Retire();
                continue;
            }
            live[i]!.Release();
            live[i] = null;
        }
        _count = mark;
    }

    /// <summary>The stretch of a step between <see cref="Enter"/> and Dispose.</summary>
    [SuppressMessage("Performance", "CA1815", Justification = "A lease is never compared.")]
    public ref struct Lease
    {
        private readonly TensorScope? _scope;
        private readonly TensorScope? _previous;
        private int _mark;

        internal Lease(TensorScope scope, TensorScope? previous, int mark)
        {
            _scope = scope;
            _previous = previous;
            _mark = mark;
        }

        /// <summary>Lets <paramref name="tensor"/> outlive this lease: it moves to the lease around it.</summary>
        /// <remarks>A tensor that this lease did not make is returned as it is.</remarks>
        public Tensor Return(Tensor tensor)
        {
            if (_scope is null) return tensor;
            Tensor?[] live = _scope._live;
            for (int i = _scope._count - 1; i >= _mark; i--)
            {
                if (!ReferenceEquals(live[i], tensor)) continue;
                (live[i], live[_mark]) = (live[_mark], live[i]);
                _mark++;
                break;
            }
            return tensor;
        }

        /// <summary>Gives back everything made since the lease began, but for what was returned.</summary>
        public readonly void Dispose()
        {
            if (_scope is null) return;
            _scope.Rewind(_mark);
            if (!ReferenceEquals(_previous, _scope)) t_current = _previous;
        }
    }
}
