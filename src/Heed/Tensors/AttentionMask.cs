namespace Heed.Tensors;

/// <summary>Which query of attention sees which key; query i of a call stands at position i + keys − queries.</summary>
public abstract record AttentionMask
{
    private protected AttentionMask()
    {
    }

    /// <summary>The mask in the form that the kernels read.</summary>
    internal abstract CompiledMask Compile(int batch, int heads, int queries, int keys);
}
