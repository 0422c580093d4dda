namespace Heed.Kernels;

/// <summary>
/// One instruction set's float vectors, as far as the matrix kernels need them. A kernel is written once over this and
/// compiled once per width; its outputs do not depend on the width.
/// </summary>
internal unsafe interface IFloatLanes<TVector> where TVector : unmanaged
{
    /// <summary>Floats per vector: a divisor of half a panel.</summary>
    static abstract int Width { get; }

    /// <summary>Rows of a register tile two vectors wide that the registers hold.</summary>
    static abstract int MaxRows { get; }

    static abstract TVector Zero { get; }

    static abstract TVector Load(float* source);

    static abstract TVector Broadcast(float value);

    /// <summary>a * b + sum, rounded once.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector sum);

    static abstract TVector Add(TVector a, TVector b);

    static abstract void Store(TVector value, float* destination);

    /// <summary>Asks for the cache line at the address, which need not be a valid one. Nothing where the machine has no such hint.</summary>
    static abstract void Prefetch(float* address);
}
