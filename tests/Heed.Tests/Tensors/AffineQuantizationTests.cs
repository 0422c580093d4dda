using Heed.Tensors;

namespace Heed.Tests.Tensors;

public sealed class AffineQuantizationTests
{
    [Fact]
    public void Row41_Zero_ComesBackExactly_AlsoWhereAllNumbersAreAbove()
    {
        float[] values = [2f, 3.5f, 10f];
        // The known wrong: a range from 2 puts the zero point at −63.75, below every byte.
        AffineQuantization affine = AffineQuantization.Of(values);
        affine.ZeroPoint.ShouldBe(0);
        RoundTrip(affine, [0f]).ShouldBe([0f]);
        affine.Scale.ShouldBe(10f / 255, 1e-7f);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(5f)]
    [InlineData(-5f)]
    [InlineData(float.MaxValue)]
    public void Row41_ConstantNumbers_StayFinite(float value)
    {
        // The known wrong divides by a range of 0.
        float[] back = RoundTrip(AffineQuantization.Of([value, value]), [value, value]);
        back.ShouldAllBe(number => float.IsFinite(number));
        back[0].ShouldBe(value, 1e-30f + MathF.Abs(value) / 400);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    public void Row41_NumbersInRange_AreOffByHalfOfTheScaleAtMost(int bits)
    {
        Random random = new(bits);
        for (int round = 0; round < 200; round++)
        {
            double low = random.NextDouble() * 8 - 6, high = low + random.NextDouble() * 10;
            float[] values = [.. Enumerable.Range(0, 50).Select(_ => (float)(low + random.NextDouble() * (high - low)))];
            AffineQuantization affine = AffineQuantization.Of(values, bits);
            affine.ZeroPoint.ShouldBeInRange(0, (1 << bits) - 1);
            float[] back = RoundTrip(affine, values);
            for (int i = 0; i < values.Length; i++) MathF.Abs(back[i] - values[i]).ShouldBeLessThanOrEqualTo(affine.Scale * 0.50001f);
        }
    }

    [Fact]
    public void Row41_MoreThanEightBits_IsRefused()
    {
        // The known wrong lets them run over a byte.
        Should.Throw<ArgumentOutOfRangeException>(() => AffineQuantization.Of([1f], 9)).Message.ShouldContain("got 9 bits; expected 1 to 8");
        Should.Throw<ArgumentException>(() => AffineQuantization.Of([1f, float.NaN])).Message.ShouldContain("number 1 is NaN");
    }

    [Fact]
    public void Quantize_NumbersBeyondTheRange_BecomeItsEnds()
    {
        AffineQuantization affine = AffineQuantization.Of([-1f, 1f]);
        byte[] bytes = new byte[4];
        affine.Quantize([-9f, 9f, float.PositiveInfinity, float.NaN], bytes);
        bytes.ShouldBe([0, 255, 255, (byte)affine.ZeroPoint]);
        Should.Throw<ArgumentException>(() => affine.Quantize([1f], bytes)).Message.ShouldContain("got 1 numbers and room for 4");
    }

    private static float[] RoundTrip(AffineQuantization affine, float[] values)
    {
        byte[] bytes = new byte[values.Length];
        float[] back = new float[values.Length];
        affine.Quantize(values, bytes);
        affine.Dequantize(bytes, back);
        return back;
    }
}
