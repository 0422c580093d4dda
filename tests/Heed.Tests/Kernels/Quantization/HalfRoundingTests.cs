using System.Buffers.Binary;
using Heed.Kernels.Quantization;

namespace Heed.Tests.Kernels.Quantization;

/// <summary>Rounding to 16 bits.</summary>
public sealed class HalfRoundingTests
{
    [Theory]
    [InlineData(0x3F800000u, 0x3F80), InlineData(0x3F808000u, 0x3F80), InlineData(0x3F808001u, 0x3F81), InlineData(0x3F818000u, 0x3F82), InlineData(0x3F817FFFu, 0x3F81)]
    [InlineData(0x80000000u, 0x8000), InlineData(0x7F7FFFFFu, 0x7F80), InlineData(0x7F800000u, 0x7F80), InlineData(0xFF800000u, 0xFF80), InlineData(0x00000001u, 0), InlineData(0x00008001u, 1)]
    public void BF16_Ties_GoToEven(uint bits, int expected) => One(HalfRounding.BF16, bits).ShouldBe((ushort)expected);

    [Theory]
    [InlineData(0x3F800000u, 0x3C00), InlineData(0x3F801000u, 0x3C00), InlineData(0x3F801001u, 0x3C01), InlineData(0x3F803000u, 0x3C02), InlineData(0x477FE000u, 0x7BFF)]
    [InlineData(0x33000000u, 0), InlineData(0x33000001u, 1), InlineData(0x80000000u, 0x8000), InlineData(0x7F7FFFFFu, 0x7C00), InlineData(0xFF800000u, 0xFC00)]
    public void F16_Ties_GoToEven(uint bits, int expected) => One(HalfRounding.F16, bits).ShouldBe((ushort)expected);

    [Theory]
    [InlineData(0x7FC00000u), InlineData(0x7F800001u), InlineData(0xFFFFFFFFu)]
    public void Nan_StaysNan(uint bits)
    {
        float.IsNaN(BitConverter.UInt32BitsToSingle((uint)One(HalfRounding.BF16, bits) << 16)).ShouldBeTrue();
        Half.IsNaN(BitConverter.UInt16BitsToHalf(One(HalfRounding.F16, bits))).ShouldBeTrue();
    }

    [Fact]
    public void EveryHalf_WidenedAndRounded_IsItself()
    {
        for (int i = 0; i <= ushort.MaxValue; i++)
        {
            Half half = BitConverter.UInt16BitsToHalf((ushort)i);
            if (!Half.IsNaN(half)) One(HalfRounding.F16, BitConverter.SingleToUInt32Bits((float)half)).ShouldBe((ushort)i);
            if ((i & 0x7F80) != 0x7F80) One(HalfRounding.BF16, (uint)i << 16).ShouldBe((ushort)i);
        }
    }

    private delegate void Rounding(ReadOnlySpan<float> source, Span<byte> destination);

    private static ushort One(Rounding round, uint bits)
    {
        byte[] bytes = new byte[2];
        round([BitConverter.UInt32BitsToSingle(bits)], bytes);
        return BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }
}
