using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed unsafe class SixteenLoadTests
{
    [Fact]
    public void LoadHalf_OfEveryBitPattern_IsTheConversion()
    {
        Check<Sixteen128, Quad128>();
        Check<Sixteen256, Pair256>();
        if (Avx512F.IsSupported) Check<Sixteen512, Vector512<float>>();
    }

    [Fact]
    public void LoadSigned_OfEveryByte_IsTheNumber()
    {
        sbyte* source = stackalloc sbyte[16];
        float* got = stackalloc float[16];
        for (int first = -128; first < 128; first += 16)
        {
            for (int i = 0; i < 16; i++) source[i] = (sbyte)(first + i);
            Sixteen128.Store(got, Sixteen128.LoadSigned(source));
            for (int i = 0; i < 16; i++) got[i].ShouldBe(first + i);
            Sixteen256.Store(got, Sixteen256.LoadSigned(source));
            for (int i = 0; i < 16; i++) got[i].ShouldBe(first + i);
            if (!Avx512F.IsSupported) continue;
            Sixteen512.Store(got, Sixteen512.LoadSigned(source));
            for (int i = 0; i < 16; i++) got[i].ShouldBe(first + i);
        }
    }

    /// <summary>Sixteen neighbours, which are all normal or none, and sixteen from all over.</summary>
    private static void Check<TLanes, V>() where TLanes : struct, ISixteen<V> where V : unmanaged
    {
        Check<TLanes, V>(step: 1, quick: false);
        Check<TLanes, V>(step: 1, quick: true);
        Check<TLanes, V>(step: 4097, quick: true);
    }

    private static void Check<TLanes, V>(int step, bool quick) where TLanes : struct, ISixteen<V> where V : unmanaged
    {
        ushort* source = stackalloc ushort[16];
        float* got = stackalloc float[16];
        for (int first = 0; first < 1 << 16; first += 16)
        {
            for (int i = 0; i < 16; i++) source[i] = (ushort)(first + i * step);
            TLanes.Store(got, quick ? TLanes.LoadNormalHalf(source) : TLanes.LoadHalf(source));
            for (int i = 0; i < 16; i++)
            {
                float expected = (float)BitConverter.UInt16BitsToHalf(source[i]);
                if (float.IsNaN(expected)) float.IsNaN(got[i]).ShouldBeTrue();
                else BitConverter.SingleToInt32Bits(got[i]).ShouldBe(BitConverter.SingleToInt32Bits(expected));
            }
        }
    }
}
