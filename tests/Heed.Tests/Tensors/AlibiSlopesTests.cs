using Heed.Tensors;

namespace Heed.Tests.Tensors;

public sealed class AlibiSlopesTests
{
    [Fact]
    public void Row19_PowerOfTwo_HalvesFromTheEighthRoot()
    {
        AlibiSlopes.For(8).ShouldBe([1f / 2, 1f / 4, 1f / 8, 1f / 16, 1f / 32, 1f / 64, 1f / 128, 1f / 256]);
        AlibiSlopes.For(1).ShouldBe([1f / 256]);
        AlibiSlopes.For(16)[0].ShouldBe((float)Math.Sqrt(0.5));
    }

    [Fact]
    public void Row19_OtherCounts_TakeEverySecondSlopeOfTheDouble()
    {
        AlibiSlopes.For(6).ShouldBe([1f / 4, 1f / 16, 1f / 64, 1f / 256, 1f / 2, 1f / 8]);
        AlibiSlopes.For(3).ShouldBe([1f / 16, 1f / 256, 1f / 4]);
        for (int heads = 1; heads <= 130; heads++)
        {
            float[] slopes = AlibiSlopes.For(heads);
            slopes.Length.ShouldBe(heads);
            slopes.ShouldBeUnique();
            slopes.ShouldAllBe(slope => slope > 0 && slope < 1);
        }
    }

    [Fact]
    public void For_NoHeads_Throws() => Should.Throw<ArgumentOutOfRangeException>(() => AlibiSlopes.For(0));
}
