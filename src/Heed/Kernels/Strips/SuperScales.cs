using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>A binary16 scale for eight blocks, times a small whole number for each block: d·s·(q - zero).</summary>
internal readonly unsafe struct SuperScales : IStripScales
{
    public static int Parts => 1;

    public static bool HasMinimum => false;

    public static int Bytes(int blocks) => 160;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale<TLanes, V>(byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged
    {
        return TLanes.Multiply(TLanes.LoadHalf((ushort*)scales), TLanes.LoadSigned((sbyte*)scales + 32 + (16 * ((1 * block) + part))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Minimum<TLanes, V>(byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged => TLanes.Create(0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(byte* scales, nint block, int row, in FileScales file)
    {
        ((ushort*)scales)[row] = file.Scale;
        for (int part = 0; part < 8; part++)
        {
            sbyte* at = (sbyte*)scales + 32 + (16 * part);
            at[row] = file.Factors[part];
        }
    }
}
