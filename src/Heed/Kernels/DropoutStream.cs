using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>
/// Random bits by counter: the draw of (seed, row, column) can be made again at any time, in any order, on any thread, so
/// that a backward pass replays its forward pass's dropout instead of keeping it.
/// </summary>
internal static class DropoutStream
{
    /// <summary>What a column is multiplied by before it is added to its row's key.</summary>
    public const uint GoldenRatio = 0x9E3779B9;

    /// <summary>The key of one row's draws; SplitMix64's finalizer over seed and row.</summary>
    public static uint RowKey(ulong seed, ulong row) => (uint)(SplitMix.Mix(seed + (row + 1) * SplitMix.Step) >> 32);

    /// <summary>The seed under which row 0 draws what row <paramref name="row"/> draws under <paramref name="seed"/>.</summary>
    public static ulong From(ulong seed, long row) => seed + (ulong)row * SplitMix.Step;

    /// <summary>32 random bits of a column; a mixing of 32 bits by two multiplications.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Draw(uint rowKey, uint column)
    {
        uint x = rowKey + column * GoldenRatio;
        x = (x ^ (x >> 16)) * 0x21F0AAAD;
        x = (x ^ (x >> 15)) * 0x735A2D97;
        return x ^ (x >> 15);
    }

    /// <summary>The draws of sixteen columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Draw(uint rowKey, Vector512<uint> columns)
    {
        Vector512<uint> x = Vector512.Create(rowKey) + columns * GoldenRatio;
        x = (x ^ (x >>> 16)) * 0x21F0AAAD;
        x = (x ^ (x >>> 15)) * 0x735A2D97;
        return x ^ (x >>> 15);
    }

    /// <summary>Sixteen draws of which each lane holds rowKey + column * <see cref="GoldenRatio"/>; the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Draw<L, V>(V x)
        where L : ISixteen<V>
        where V : unmanaged
    {
        x = L.MultiplyBits(L.XorShift(x, 16), L.CreateBits(0x21F0AAAD));
        x = L.MultiplyBits(L.XorShift(x, 15), L.CreateBits(0x735A2D97));
        return L.XorShift(x, 15);
    }

    /// <summary>A draw of at least this is kept; rate 0 keeps all.</summary>
    public static uint Threshold(float rate) => (uint)Math.Min(uint.MaxValue, rate * 4294967296.0);
}
