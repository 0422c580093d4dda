using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>As <see cref="SuperScalesAndMinima"/> with whole numbers for each half of a block.</summary>
internal readonly unsafe struct HalvedSuperScalesAndMinima : IStripScales
{
    public static int Parts => 2;

    public static bool HasMinimum => true;

    public static long Bytes(int blocks) => 576L * (blocks / 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale<TLanes, V>(byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged
    {
        byte* super = scales + (576 * (block >> 3));
        return TLanes.Multiply(TLanes.LoadHalf((ushort*)super), TLanes.LoadSigned((sbyte*)super + 64 + (32 * ((2 * (block & 7)) + part))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Minimum<TLanes, V>(byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged
    {
        // The minimum is taken away: the product of the factors comes first, as in the file's definition.
        byte* super = scales + (576 * (block >> 3));
        V product = TLanes.Multiply(TLanes.LoadHalf((ushort*)super + 16), TLanes.LoadSigned((sbyte*)super + 80 + (32 * ((2 * (block & 7)) + part))));
        return TLanes.Subtract(TLanes.Create(0), product);
    }

    public static void Write(byte* scales, nint block, int row, in FileScales file)
    {
        byte* super = scales + (576 * (block >> 3));
        ((ushort*)super)[row] = file.Scale;
        ((ushort*)super)[16 + row] = file.Minimum;
        for (int part = 0; part < 16; part++)
        {
            sbyte* at = (sbyte*)super + 64 + (32 * part);
            at[row] = file.Factors[part];
            at[16 + row] = file.MinimumFactors[part];
        }
    }
}
