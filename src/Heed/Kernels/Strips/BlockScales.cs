using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>A binary16 scale for each row of a block: d·(q - zero).</summary>
internal readonly unsafe struct BlockScales : IStripScales
{
    public static int Parts => 1;

    public static bool HasMinimum => false;

    public static bool IsWide => false;

    public static int Bytes(int blocks) => 32 * blocks;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Common<TLanes, V>(byte* scales) where TLanes : struct, ISixteen<V> where V : unmanaged => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V CommonMinimum<TLanes, V>(byte* scales) where TLanes : struct, ISixteen<V> where V : unmanaged => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale<TLanes, V>(V common, byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged =>
        TLanes.LoadHalf((ushort*)(scales + (32 * block)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Minimum<TLanes, V>(V common, byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(byte* scales, nint block, int row, in FileScales file) =>
        ((ushort*)(scales + (32 * block)))[row] = file.Scale;
}
