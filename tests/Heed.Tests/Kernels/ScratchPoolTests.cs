using Heed.Kernels;

namespace Heed.Tests.Kernels;

public sealed class ScratchPoolTests
{
    [Fact]
    public void Rent_AfterReturn_GivesTheSameBuffer()
    {
        using ScratchPool pool = new(2);
        NativeBuffer first = pool.Rent(1000);
        first.Bytes.ShouldBeGreaterThanOrEqualTo(1000);
        NativeBuffer other = pool.Rent(1000);
        other.ShouldNotBeSameAs(first);
        pool.Return(first);
        pool.Rent(500).ShouldBeSameAs(first);
        pool.Return(first);
        pool.Return(other);
    }

    [Fact]
    public void Rent_LargerThanKept_ReplacesTheSmallOne()
    {
        using ScratchPool pool = new(2);
        NativeBuffer small = pool.Rent(1);
        pool.Return(small);
        NativeBuffer large = pool.Rent(1 << 20);
        large.Bytes.ShouldBeGreaterThanOrEqualTo(1 << 20);
        Should.Throw<ObjectDisposedException>(() => small.AsFloats().Length);
        pool.Return(large);
        pool.Rent(1).ShouldBeSameAs(large);
        large.Dispose();
    }

    [Fact]
    public void Return_MoreThanSlots_FreesTheRest()
    {
        using ScratchPool pool = new(1);
        NativeBuffer first = pool.Rent(1), second = pool.Rent(1);
        pool.Return(first);
        pool.Return(second);
        first.AsFloats().Length.ShouldBeGreaterThan(0);
        Should.Throw<ObjectDisposedException>(() => second.AsFloats().Length);
    }

    [Fact]
    public void Dispose_KeptAndLateBuffers_AreFreed()
    {
        ScratchPool pool = new(2);
        NativeBuffer kept = pool.Rent(1), late = pool.Rent(1);
        pool.Return(kept);
        pool.Dispose();
        pool.Return(late);
        Should.Throw<ObjectDisposedException>(() => kept.AsFloats().Length);
        Should.Throw<ObjectDisposedException>(() => late.AsFloats().Length);
    }
}
