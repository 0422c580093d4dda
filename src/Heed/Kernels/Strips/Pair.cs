namespace Heed.Kernels.Strips;

/// <summary>Two registers that are used as one.</summary>
internal readonly struct Pair<T>(T low, T high)
{
    public readonly T Low = low;
    public readonly T High = high;
}
