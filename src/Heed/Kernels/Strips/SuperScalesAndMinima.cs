using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>A binary16 scale and minimum for eight blocks, each times a small whole number for each part of a block: d·s·q - dmin·m.</summary>
internal readonly unsafe struct SuperScalesAndMinima<TParts> : IStripScales
    where TParts : struct, ICount
{
    public static int Parts => TParts.Value;

    public static bool HasMinimum => true;

    public static bool IsWide => false;

    public static int Bytes(int blocks) => 64 + (256 * TParts.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Common<TLanes, V>(byte* scales) where TLanes : struct, ISixteen<V> where V : unmanaged => TLanes.LoadHalf((ushort*)scales);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V CommonMinimum<TLanes, V>(byte* scales) where TLanes : struct, ISixteen<V> where V : unmanaged =>
        TLanes.Subtract(TLanes.Create(0), TLanes.LoadHalf((ushort*)scales + 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale<TLanes, V>(V common, byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged =>
        TLanes.Multiply(common, TLanes.LoadSigned((sbyte*)scales + 64 + (32 * ((TParts.Value * block) + part))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Minimum<TLanes, V>(V common, byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged =>
        TLanes.Multiply(common, TLanes.LoadSigned((sbyte*)scales + 80 + (32 * ((TParts.Value * block) + part))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(byte* scales, nint block, int row, in FileScales file)
    {
        ((ushort*)scales)[row] = file.Scale;
        ((ushort*)scales)[16 + row] = file.Minimum;
        for (int part = 0; part < 8 * TParts.Value; part++)
        {
            byte* at = scales + 64 + (32 * part);
            at[row] = (byte)file.Factors[part];
            at[16 + row] = (byte)file.MinimumFactors[part];
        }
    }
}
