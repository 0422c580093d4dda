using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed unsafe class NativeBufferTests
{
    [Theory]
    [InlineData(0, 64)]
    [InlineData(1, 64)]
    [InlineData(1000, 64)]
    [InlineData(4L << 20, 2 << 20)]
    [InlineData((5L << 20) + 4, 2 << 20)]
    public void Constructor_AnySize_IsAligned(long bytes, int alignment)
    {
        using NativeBuffer buffer = new(bytes);
        buffer.Bytes.ShouldBe(bytes);
        ((long)buffer.Pointer % alignment).ShouldBe(0);
        Span<byte> all = buffer.AsSpan<byte>(0, (int)bytes);
        all.Fill(7);
        all.IndexOfAnyExcept((byte)7).ShouldBe(-1);
    }

    [Fact]
    public void AsSpan_Slices_ShareTheMemory()
    {
        using NativeBuffer buffer = new(64);
        buffer.AsFloats().Length.ShouldBe(16);
        buffer.AsSpan<int>(8, 2)[1] = BitConverter.SingleToInt32Bits(2.5f);
        buffer.AsFloats()[3].ShouldBe(2.5f);
        buffer.AsSpan<int>(64, 0).Length.ShouldBe(0);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 17)]
    [InlineData(61, 1)]
    [InlineData(65, 0)]
    [InlineData(0, -1)]
    [InlineData(long.MaxValue, 2)]
    [InlineData(4, int.MaxValue)]
    public void AsSpan_OutOfBounds_Throws(long offset, int count)
    {
        using NativeBuffer buffer = new(64);
        Should.Throw<ArgumentOutOfRangeException>(() => buffer.AsSpan<int>(offset, count).Length).Message.ShouldContain("64 bytes");
    }

    [Fact]
    public void Dispose_Twice_IsFineAndUseThrows()
    {
        NativeBuffer buffer = new(64);
        buffer.Dispose();
        buffer.Dispose();
        Should.Throw<ObjectDisposedException>(() => buffer.AsFloats().Length);
    }

    [Fact]
    public void Constructor_NegativeSize_Throws() =>
        Should.Throw<ArgumentOutOfRangeException>(() => new NativeBuffer(-1)).Message.ShouldContain("-1");
}
