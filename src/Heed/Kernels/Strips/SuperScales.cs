using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>A binary16 scale for eight blocks, times a small whole number for each part of a block: d·s·(q - zero).</summary>
internal readonly unsafe struct SuperScales<TParts> : IStripScales
    where TParts : struct, ICount
{
    public static int Parts => TParts.Value;

    public static bool HasMinimum => false;

    public static bool IsWide => false;

    public static int Bytes(int blocks) => 32 + (128 * TParts.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Common<TLanes, V>(byte* scales) where TLanes : struct, ISixteen<V> where V : unmanaged => TLanes.LoadHalf((ushort*)scales);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V CommonMinimum<TLanes, V>(byte* scales) where TLanes : struct, ISixteen<V> where V : unmanaged => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale<TLanes, V>(V common, byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged =>
        TLanes.Multiply(common, TLanes.LoadSigned((sbyte*)scales + 32 + (16 * ((TParts.Value * block) + part))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Minimum<TLanes, V>(V common, byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(byte* scales, nint block, int row, in FileScales file)
    {
        ((ushort*)scales)[row] = file.Scale;
        for (int part = 0; part < 8 * TParts.Value; part++) scales[32 + (16 * part) + row] = (byte)file.Factors[part];
    }
}
