using Heed.Tensors;

namespace Heed.Models;

/// <summary>Gives a forward pass a scope for its intermediates where the caller has none of its own.</summary>
internal readonly ref struct StepScope
{
    private readonly TensorScope? _own;
    private readonly TensorScope.Lease _lease;

    public StepScope(bool needed)
    {
        if (!needed) return;
        _own = new TensorScope(recycles: true);
        _lease = _own.Enter();
    }

    /// <summary>The result in a form that outlives this scope.</summary>
    public Tensor Keep(Tensor result)
    {
        if (_own is null) return result;
        Tensor kept = Tensor.AllocateUnscoped(result.Shape, result.Device);
        kept.Assign(result);
        return kept;
    }

    public void Dispose()
    {
        if (_own is null) return;
        _lease.Dispose();
        _own.Dispose();
    }
}
