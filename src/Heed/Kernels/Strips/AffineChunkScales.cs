using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>As <see cref="AffineBlockScales"/>, once for all blocks of a chunk: where a row has one scale.</summary>
internal readonly unsafe struct AffineChunkScales : IStripScales
{
    public static int Parts => 1;

    public static bool HasMinimum => true;

    public static bool IsWide => true;

    public static int Bytes(int blocks) => AffineBlock.PairBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Common<TLanes, V>(byte* scales) where TLanes : struct, ISixteen<V> where V : unmanaged => AffineBlock.Scale<TLanes, V>(scales);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V CommonMinimum<TLanes, V>(byte* scales) where TLanes : struct, ISixteen<V> where V : unmanaged => AffineBlock.Minimum<TLanes, V>(scales);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale<TLanes, V>(V common, byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged => common;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Minimum<TLanes, V>(V common, byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged => common;

    public static void Write(byte* scales, nint block, int row, in FileScales file) => AffineBlock.WritePair(scales, row, file);
}
