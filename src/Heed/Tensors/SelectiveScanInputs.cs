namespace Heed.Tensors;

/// <summary>What a selective scan reads, or the gradients of it.</summary>
/// <param name="X">[batch, seq, channels].</param>
/// <param name="Delta">[batch, seq, channels], before softplus.</param>
/// <param name="A">[states, channels].</param>
/// <param name="B">[batch, seq, states].</param>
/// <param name="C">[batch, seq, states].</param>
/// <param name="Skip">D, [channels].</param>
internal readonly record struct SelectiveScanInputs(Tensor X, Tensor Delta, Tensor A, Tensor B, Tensor C, Tensor Skip)
{
    /// <summary>The same in other tensors, one after another.</summary>
    public SelectiveScanInputs Select(Func<Tensor, Tensor> function) => new(function(X), function(Delta), function(A), function(B), function(C), function(Skip));

    /// <summary>All of them, in the order of the parameters.</summary>
    public Tensor[] All => [X, Delta, A, B, C, Skip];
}
