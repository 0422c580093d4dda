using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>As <see cref="SuperScalesAndMinima"/> with whole numbers for each half of a block.</summary>
internal readonly unsafe struct HalvedSuperScalesAndMinima : IStripScales
{
    public static int Parts => 2;

    public static bool HasMinimum => true;

    public static int Bytes(int blocks) => 576;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Scale<TLanes, V>(byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged
    {
        return TLanes.Multiply(TLanes.LoadHalf((ushort*)scales), TLanes.LoadSigned((sbyte*)scales + 64 + (32 * ((2 * block) + part))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Minimum<TLanes, V>(byte* scales, nint block, int part) where TLanes : struct, ISixteen<V> where V : unmanaged
    {
        // The minimum is taken away: the product of the factors comes first, as in the file's definition.
        V product = TLanes.Multiply(TLanes.LoadHalf((ushort*)scales + 16), TLanes.LoadSigned((sbyte*)scales + 80 + (32 * ((2 * block) + part))));
        return TLanes.Subtract(TLanes.Create(0), product);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(byte* scales, nint block, int row, in FileScales file)
    {
        ((ushort*)scales)[row] = file.Scale;
        ((ushort*)scales)[16 + row] = file.Minimum;
        for (int part = 0; part < 16; part++)
        {
            sbyte* at = (sbyte*)scales + 64 + (32 * part);
            at[row] = file.Factors[part];
            at[16 + row] = file.MinimumFactors[part];
        }
    }
}
