using System.Runtime.InteropServices;
using System.Text.Json;
using Heed.Kernels.Quantization;

namespace Heed.Tests.Kernels.Quantization;

public class DequantizeTests
{
    public static TheoryData<WeightType> GoldenTypes =>
    [
        WeightType.F16, WeightType.BF16, WeightType.Q4_0, WeightType.Q4_1, WeightType.Q5_0, WeightType.Q5_1, WeightType.Q8_0,
        WeightType.Q2_K, WeightType.Q3_K, WeightType.Q4_K, WeightType.Q5_K, WeightType.Q6_K, WeightType.IQ4_NL, WeightType.IQ4_XS,
    ];

    [Theory, MemberData(nameof(GoldenTypes))]
    public void ToFloat_RandomBlocks_MatchesGgmlBitForBit(WeightType type)
    {
        byte[] blocks = File.ReadAllBytes(TestData.Golden($"quant/{type}.blocks"));
        byte[] expected = File.ReadAllBytes(TestData.Golden($"quant/{type}.f32"));
        float[] actual = new float[expected.Length / 4];

        Dequantize.ToFloat(type, blocks, actual);

        Bits(actual).ShouldBe(Bits(MemoryMarshal.Cast<byte, float>(expected)));
    }

    [Fact]
    public void BlockSizes_EveryGolden_MatchGgml()
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(TestData.Golden("quant/index.json")));
        int seen = 0;
        foreach (JsonProperty entry in index.RootElement.EnumerateObject())
        {
            WeightType type = Enum.Parse<WeightType>(entry.Name);
            BlockSizes.ElementsPerBlock(type).ShouldBe(entry.Value.GetProperty("block_elements").GetInt32(), entry.Name);
            BlockSizes.BytesPerBlock(type).ShouldBe(entry.Value.GetProperty("block_bytes").GetInt32(), entry.Name);
            seen++;
        }
        seen.ShouldBe(GoldenTypes.Count);
    }

    [Fact]
    public void F16_AllPatterns_EqualSystemHalfAndScalarTwin()
    {
        ushort[] halves = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        float[] vector = new float[halves.Length], scalar = new float[halves.Length];

        HalfPrecision.F16(MemoryMarshal.AsBytes<ushort>(halves), vector);
        HalfPrecision.F16Scalar(halves, scalar);

        Bits(vector).ShouldBe(Bits(scalar));
        for (int i = 0; i < halves.Length; i++)
        {
            Half half = BitConverter.UInt16BitsToHalf(halves[i]);
            if (Half.IsNaN(half)) float.IsNaN(scalar[i]).ShouldBeTrue();
            else BitConverter.SingleToUInt32Bits(scalar[i]).ShouldBe(BitConverter.SingleToUInt32Bits((float)half));
        }
    }

    [Fact]
    public void BF16_AllPatterns_AreTheUpperHalf()
    {
        ushort[] halves = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        float[] vector = new float[halves.Length], scalar = new float[halves.Length];

        HalfPrecision.BF16(MemoryMarshal.AsBytes<ushort>(halves), vector);
        HalfPrecision.BF16Scalar(halves, scalar);

        Bits(vector).ShouldBe([.. halves.Select(half => (uint)half << 16)]);
        Bits(scalar).ShouldBe(Bits(vector));
    }

    [Theory, InlineData(WeightType.F16), InlineData(WeightType.BF16), InlineData(WeightType.Q8_0)]
    public void Vectorized_EveryLengthAndOddStart_EqualsScalarTwin(WeightType type)
    {
        byte[] random = new byte[1 + 256 * 34];
        new Random(7).NextBytes(random);
        for (int blocks = 0; blocks <= 256; blocks++)
        {
            int elements = blocks * BlockSizes.ElementsPerBlock(type);
            ReadOnlySpan<byte> source = random.AsSpan(1, blocks * BlockSizes.BytesPerBlock(type));
            float[] actual = new float[elements], expected = new float[elements];
            Dequantize.ToFloat(type, source, actual);
            if (type == WeightType.Q8_0) EightBitBlocks.Q8_0Scalar(source, expected);
            else if (type == WeightType.F16) HalfPrecision.F16Scalar(MemoryMarshal.Cast<byte, ushort>(source), expected);
            else HalfPrecision.BF16Scalar(MemoryMarshal.Cast<byte, ushort>(source), expected);
            Bits(actual).SequenceEqual(Bits(expected)).ShouldBeTrue($"{type}, {blocks} blocks");
        }
    }

    [Fact]
    public void ToFloat_PlainTypes_ConvertsValues()
    {
        Convert(WeightType.F32, MemoryMarshal.AsBytes<float>([1.5f, -0f])).ShouldBe([1.5f, -0f]);
        Convert(WeightType.F64, MemoryMarshal.AsBytes<double>([1e-3, 0.1, double.NegativeInfinity])).ShouldBe([1e-3f, 0.1f, float.NegativeInfinity]);
        Convert(WeightType.I8, [0x80, 0x7F, 0xFF]).ShouldBe([-128f, 127f, -1f]);
        Convert(WeightType.U8, [0x80, 0x7F, 0xFF]).ShouldBe([128f, 127f, 255f]);
        Convert(WeightType.Bool, [0, 1, 2]).ShouldBe([0f, 1f, 1f]);
        Convert(WeightType.I16, MemoryMarshal.AsBytes<short>([-32768, 77])).ShouldBe([-32768f, 77f]);
        Convert(WeightType.I32, MemoryMarshal.AsBytes<int>([int.MinValue, 16777217])).ShouldBe([-2147483648f, 16777216f]);
        Convert(WeightType.I64, MemoryMarshal.AsBytes<long>([long.MinValue, 3])).ShouldBe([-9223372036854775808f, 3f]);
    }

    [Theory, InlineData(WeightType.Q4_0, 31, 18), InlineData(WeightType.Q4_0, 32, 17), InlineData(WeightType.F32, 2, 9), InlineData(WeightType.Q6_K, 256, 420)]
    public void ToFloat_LengthsThatDoNotFit_Throws(WeightType type, int elements, int bytes) =>
        Should.Throw<ArgumentException>(() => Dequantize.ToFloat(type, new byte[bytes], new float[elements])).Message.ShouldContain(type.ToString());

    [Fact]
    public void Grouped_PhaseInsideAGroup_TakesTheRightScale()
    {
        float[] actual = new float[5];
        EightBitBlocks.Grouped([1, 2, 0xFF, 4, 5], MemoryMarshal.AsBytes<float>([10f, 0.5f, 100f]), groupSize: 3, phase: 2, actual);
        actual.ShouldBe([10f, 1f, -0.5f, 2f, 500f]);
    }

    [Fact]
    public void TryByteLength_OverflowNegativeOrPartBlock_IsFalse()
    {
        BlockSizes.TryByteLength(WeightType.F64, long.MaxValue / 8 + 1, out _).ShouldBeFalse();
        BlockSizes.TryByteLength(WeightType.F32, -1, out _).ShouldBeFalse();
        BlockSizes.TryByteLength(WeightType.Q8_0, 33, out _).ShouldBeFalse();
        BlockSizes.TryByteLength(WeightType.Q8_0, 64, out long bytes).ShouldBeTrue();
        bytes.ShouldBe(68);
        BlockSizes.TryElementCount([1L << 40, 1L << 40], out _).ShouldBeFalse();
        BlockSizes.TryElementCount([2, -1], out _).ShouldBeFalse();
        BlockSizes.TryElementCount([5, 0, 7], out long none).ShouldBeTrue();
        none.ShouldBe(0);
    }

    private static float[] Convert(WeightType type, ReadOnlySpan<byte> source)
    {
        float[] result = new float[source.Length / BlockSizes.BytesPerBlock(type)];
        Dequantize.ToFloat(type, source, result);
        return result;
    }

    private static uint[] Bits(ReadOnlySpan<float> values) => MemoryMarshal.Cast<float, uint>(values).ToArray();
}
