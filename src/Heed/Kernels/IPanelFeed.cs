namespace Heed.Kernels;

/// <summary>Where the blocked product gets the right-hand side from, panel by panel.</summary>
internal unsafe interface IPanelFeed
{
    /// <summary>Whether <see cref="Fetch"/> writes into the scratch memory.</summary>
    static abstract bool UsesScratch { get; }

    /// <summary>
    /// Sets slices[p] to columns firstK.. of panel firstPanel + p, as [kCount][32], for p in 0..count.
    /// The scratch holds count * kCount * 32 floats. Lanes beyond the last row may hold anything.
    /// </summary>
    void Fetch(int firstPanel, int count, int firstK, int kCount, float* scratch, float** slices);
}
