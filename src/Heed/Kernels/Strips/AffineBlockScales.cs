using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>A float32 scale and zero point for each row of a block: d·(q - z), of which -d·z is the minimum.</summary>
internal readonly unsafe struct AffineBlockScales : IStripScales
{
    public static int Parts => 1;

    public static bool HasMinimum => true;

    public static bool IsWide => true;

    public static int Bytes(int blocks) => AffineBlock.PairBytes * blocks;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Common<TLanes, V>(byte* scales) where TLanes : struct, ISixteen<V> where V : unmanaged => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V CommonMinimum<TLanes, V>(byte* scales) where TLanes : struct, ISixteen<V> where V : unmanaged => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale<TLanes, V>(V common, byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged =>
        AffineBlock.Scale<TLanes, V>(scales + (AffineBlock.PairBytes * block));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Minimum<TLanes, V>(V common, byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged =>
        AffineBlock.Minimum<TLanes, V>(scales + (AffineBlock.PairBytes * block));

    public static void Write(byte* scales, nint block, int row, in FileScales file) => AffineBlock.WritePair(scales + (AffineBlock.PairBytes * block), row, file);
}
