using Heed.Kernels;

namespace Heed.Tests.Kernels;

public class AdamWTests
{
    private static readonly AdamWFactors Factors = new(0.5f, 0.99f, 0.9f, 0.1f, 0.95f, 0.05f, 3f, 1e-8f, 0.1f, false, 77);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_EveryLength_HasTheBitsOfTheScalarTwin(bool rounds)
    {
        AdamWFactors factors = Factors with { Rounds = rounds };
        for (int length = 0; length <= 256; length++)
        {
            float[][] expected = Make(length), actual = Make(length);
            if (length > 20) (expected[0][5], actual[0][5], expected[1][20], actual[1][20]) = (float.NaN, float.NaN, float.PositiveInfinity, float.PositiveInfinity);
            AdamW.RunScalar(expected[0], expected[1], expected[2], expected[3], factors, 1000);
            AdamW.Run(actual[0], actual[1], actual[2], actual[3], factors, 1000);
            for (int i = 0; i < 4; i++) actual[i].ShouldHaveBitsOf(expected[i], $"{length}, tensor {i}");
        }
    }

    [Fact]
    public void Run_CutAnywhere_GivesTheSameBits()
    {
        AdamWFactors factors = Factors with { Rounds = true };
        float[][] whole = Make(100), cut = Make(100);
        AdamW.Run(whole[0], whole[1], whole[2], whole[3], factors, 0);
        foreach ((int from, int to) in new[] { (0, 37), (37, 64), (64, 100) })
            AdamW.Run(cut[0].AsSpan()[from..to], cut[1].AsSpan()[from..to], cut[2].AsSpan()[from..to], cut[3].AsSpan()[from..to], factors, from);
        cut[0].ShouldHaveBitsOf(whole[0], "cut");
    }

    [Fact]
    public void RoundStochastic_ManyDraws_KeepsTheMeanAndHitsNeighboursOnly()
    {
        foreach (float x in new[] { 1.001f, -0.3337f, 1e-30f, 123456f })
        {
            float low = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(x) & 0xFFFF0000);
            float high = BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(x) & 0xFFFF0000) + 0x10000);
            double sum = 0;
            for (uint i = 0; i < 65536; i++)
            {
                float rounded = AdamW.RoundStochastic(x, i << 16);
                (rounded == low || rounded == high).ShouldBeTrue();
                sum += rounded;
            }
            // All draws once: the mean is exact.
            (sum / 65536).ShouldBe(x, 1e-7 * Math.Abs(x));
        }
    }

    [Fact]
    public void RoundStochastic_BfloatsAndInfinitiesAndNaN_Stay()
    {
        foreach (float x in new[] { 0f, -0f, 1.5f, -3f, float.PositiveInfinity, float.NegativeInfinity })
            BitConverter.SingleToInt32Bits(AdamW.RoundStochastic(x, uint.MaxValue)).ShouldBe(BitConverter.SingleToInt32Bits(x));
        float.IsNaN(AdamW.RoundStochastic(BitConverter.UInt32BitsToSingle(0x7FFFFFFF), uint.MaxValue)).ShouldBeTrue();
    }

    /// <summary>Parameter, gradient, first and second moment.</summary>
    private static float[][] Make(int length) =>
        [Numbers.Random(1, length), Numbers.Random(2, length), Numbers.Random(3, length), [.. Numbers.Random(4, length).Select(Math.Abs)]];
}
