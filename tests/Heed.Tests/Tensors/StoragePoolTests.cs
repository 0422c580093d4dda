using Heed.Tensors;

namespace Heed.Tests.Tensors;

public class StoragePoolTests
{
    [Fact]
    public void ClassOf_AnySize_WastesAtMostAQuarterAndRisesWithSize()
    {
        int lastClass = -1;
        long lastRounded = 0;
        for (long bytes = 0; bytes < 1L << 36; bytes = bytes < 5000 ? bytes + 1 : bytes * 17 / 16 + 3)
        {
            int sizeClass = StoragePool.ClassOf(bytes, out long rounded);
            rounded.ShouldBeGreaterThanOrEqualTo(bytes);
            if (bytes > 256) rounded.ShouldBeLessThanOrEqualTo(bytes + bytes / 4 + 1);
            sizeClass.ShouldBeGreaterThanOrEqualTo(lastClass);
            if (sizeClass == lastClass) rounded.ShouldBe(lastRounded);
            else rounded.ShouldBeGreaterThan(lastRounded);
            sizeClass.ShouldBeInRange(0, 255);
            (lastClass, lastRounded) = (sizeClass, rounded);
        }
    }

    [Fact]
    public void ClassOf_ExactClassSize_FillsItsBlock()
    {
        foreach (long bytes in new long[] { 256, 320, 384, 448, 512, 640, 1 << 20, (1 << 20) + (1 << 18) })
        {
            StoragePool.ClassOf(bytes, out long rounded);
            rounded.ShouldBe(bytes);
        }
    }

    [Fact]
    public void Rent_AfterReturn_GivesTheSameBlockForTheSameClass()
    {
        using StoragePool pool = new();
        Storage first = pool.Rent(1000);
        first.Use();
        pool.ReservedBytes.ShouldBe(1024);
        first.Release();
        pool.Rent(1010).ShouldBeSameAs(first);
        pool.Rent(1010).ShouldNotBeSameAs(first);
        pool.ReservedBytes.ShouldBe(2048);
    }

    [Fact]
    public void Release_OfOneOfTwoUsers_KeepsTheBlock()
    {
        using StoragePool pool = new();
        Storage storage = pool.Rent(100);
        storage.Use();
        storage.Use();
        storage.Release();
        pool.Rent(100).ShouldNotBeSameAs(storage);
        storage.Release();
        pool.Rent(100).ShouldBeSameAs(storage);
    }

    [Fact]
    public void Dispose_BlocksInUse_AreFreedWhenTheyComeBack()
    {
        StoragePool pool = new();
        Storage used = pool.Rent(100), free = pool.Rent(5000);
        used.Use();
        free.Use();
        free.Release();
        pool.Dispose();
        Should.Throw<ObjectDisposedException>(() => free.Span<byte>(0, 1).Clear());
        used.Span<byte>(0, 1)[0] = 1;
        used.Release();
        Should.Throw<ObjectDisposedException>(() => used.Span<byte>(0, 1).Clear());
    }
}
