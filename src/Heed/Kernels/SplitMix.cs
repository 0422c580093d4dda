using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <summary>The parts of SplitMix64 (Steele, Lea and Flood 2014), which every counted or seeded stream of the library is made of.</summary>
internal static class SplitMix
{
    /// <summary>How far the state moves from one number to the next: 2⁶⁴ over the golden ratio.</summary>
    public const ulong Step = 0x9E3779B97F4A7C15;

    /// <summary>The finalizer: 64 random bits of a state or a counter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
