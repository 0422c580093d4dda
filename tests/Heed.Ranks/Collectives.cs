using Heed.Distributed;

namespace Heed.Ranks;

/// <summary>Runs every operation and compares with the same on ranks that are threads, where sums have one order.</summary>
internal static class Collectives
{
    private static readonly int[] Lengths = [0, 1, 3, 4, 1000, 70_001];

    public static int Check(ICommunicator world)
    {
        CheckGroup(world);
        CheckNull(null);
        if (world.Size == 4)
        {
            using ProcessGrid grid = new(world, 2);
            Require(grid.Tensor.Rank == world.Rank % 2 && grid.Data.Rank == world.Rank / 2, "Split");
            CheckGroup(grid.Tensor);
            CheckGroup(grid.Data);
            // Negative colours, and keys against the order of ranks.
            using ICommunicator turned = world.Split(-7, -world.Rank);
            Require(turned.Rank == world.Size - 1 - world.Rank, "Split by key");
            CheckGroup(turned);
        }
        if (world.Rank == 0) Console.WriteLine($"{world.Size} ranks agree");
        return 0;
    }

    /// <summary>Makes more groups than a library holds, one grid after the other.</summary>
    public static int MakeGrids(ICommunicator world, int count)
    {
        for (int i = 0; i < count; i++)
        {
            using ProcessGrid grid = new(world, 1);
            int[] sum = [1];
            if (i % 100 == 0) grid.Data.AllReduce(sum.AsSpan());
            Require(i % 100 != 0 || sum[0] == world.Size, "AllReduce in a grid");
        }
        return 0;
    }

    private static void CheckGroup(ICommunicator ranks)
    {
        foreach (int length in Lengths)
        {
            // Whole numbers that every type holds exactly, so that the order of sums does not show; and floats, where it does.
            CheckType(ranks, length, value => (float)value);
            CheckType(ranks, length, value => (double)value);
            CheckType(ranks, length, value => value);
            CheckType(ranks, length, value => (long)value << 33);
            CheckType(ranks, length, value => BFloat16.FromSingle(value));
            CheckSameBits(ranks, length);
            CheckOrder(ranks, length);
            CheckMovement(ranks, length);
        }
        CheckRounding(ranks);
        ranks.Barrier();
    }

    private static void CheckType<T>(ICommunicator ranks, int length, Func<int, T> convert)
        where T : unmanaged
    {
        foreach (Reduction reduction in new[] { Reduction.Sum, Reduction.Max })
        {
            T[] expected = [.. Enumerable.Range(0, length).Select(i => convert(Enumerable.Range(0, ranks.Size).Select(rank => Value(rank, i)).Aggregate((a, b) => reduction == Reduction.Sum ? a + b : Math.Max(a, b))))];
            T[] values = [.. Enumerable.Range(0, length).Select(i => convert(Value(ranks.Rank, i)))];
            ranks.AllReduce(values.AsSpan(), reduction);
            Require(values.AsSpan().SequenceEqual(expected), $"AllReduce {reduction} of {length} {typeof(T).Name}");
            int part = length / ranks.Size;
            T[] all = [.. Enumerable.Range(0, part * ranks.Size).Select(i => convert(Value(ranks.Rank, i)))], own = new T[part];
            ranks.ReduceScatter(all.AsSpan(), own, reduction);
            Require(own.AsSpan().SequenceEqual(expected.AsSpan(ranks.Rank * part, part)), $"ReduceScatter {reduction} of {length} {typeof(T).Name}");
        }
    }

    private static void CheckSameBits(ICommunicator ranks, int length)
    {
        float[] values = Given(ranks.Rank, length);
        ranks.AllReduce(values.AsSpan());
        float[] all = new float[length * ranks.Size];
        ranks.AllGather<float>(values, all);
        for (int rank = 0; rank < ranks.Size; rank++) Require(all.AsSpan(rank * length, length).SequenceEqual(values), $"the same bits of {length} floats on all ranks");
    }

    // A library that took over the signals would end the process here.
    private static void CheckNull(string? text)
    {
        try
        {
            Require(text!.Length < 0, "a null reference that throws");
        }
        catch (NullReferenceException)
        {
            // As it should be.
        }
    }

    // Of a float's last bits, the order of the sums decides: for ReduceScatter, and for two ranks' AllReduce, it is that of the ranks.
    private static void CheckOrder(ICommunicator ranks, int part)
    {
        float[][] given = [.. Enumerable.Range(0, ranks.Size).Select(rank => Given(rank, part * ranks.Size))];
        float[] sum = [.. given[0]];
        foreach (float[] other in given.Skip(1))
            for (int i = 0; i < sum.Length; i++) sum[i] += other[i];
        float[] own = new float[part], all = [.. given[ranks.Rank]];
        ranks.ReduceScatter(all.AsSpan(), own);
        Require(own.AsSpan().SequenceEqual(sum.AsSpan(ranks.Rank * part, part)), $"ReduceScatter of {part} in the order of the ranks");
        if (ranks.Size > 2) return;
        all = [.. given[ranks.Rank]];
        ranks.AllReduce(all.AsSpan());
        Require(all.AsSpan().SequenceEqual(sum), $"AllReduce of {part} in the order of the ranks");
    }

    private static float[] Given(int rank, int length)
    {
        Random random = new(rank);
        return [.. Enumerable.Range(0, length).Select(_ => (random.NextSingle() - 0.5f) * MathF.Pow(10, random.Next(-6, 6)))];
    }

    private static void CheckMovement(ICommunicator ranks, int length)
    {
        (byte, short)[] mine = Moved(ranks.Rank, length), all = new (byte, short)[length * ranks.Size];
        mine.CopyTo(all, ranks.Rank * length);
        ranks.AllGather(all.AsSpan(ranks.Rank * length, length), all.AsSpan());
        for (int rank = 0; rank < ranks.Size; rank++) Require(all.AsSpan(rank * length, length).SequenceEqual(Moved(rank, length)), $"AllGather of {length}");
        for (int root = 0; root < ranks.Size; root++)
        {
            (byte, short)[] values = ranks.Rank == root ? [.. mine] : new (byte, short)[length];
            ranks.Broadcast(values.AsSpan(), root);
            Require(values.AsSpan().SequenceEqual(Moved(root, length)), $"Broadcast of {length} from {root}");
        }
        if (ranks.Size == 1) return;
        (byte, short)[] received = new (byte, short)[length];
        int right = (ranks.Rank + 1) % ranks.Size, left = (ranks.Rank + ranks.Size - 1) % ranks.Size;
        if (ranks.Size % 2 == 0)
        {
            ranks.Exchange(mine, received, ranks.Rank ^ 1);
            Require(received.AsSpan().SequenceEqual(Moved(ranks.Rank ^ 1, length)), $"Exchange of {length}");
        }
        if (ranks.Rank == 0) ranks.Send<(byte, short)>(mine, right);
        ranks.Receive(received.AsSpan(), left);
        if (ranks.Rank != 0) ranks.Send<(byte, short)>(mine, right);
        Require(received.AsSpan().SequenceEqual(Moved(left, length)), $"Send and Receive of {length}");
    }

    // 256 + 1 is 256 in bfloat16: sums that are rounded one by one stay there.
    private static void CheckRounding(ICommunicator ranks)
    {
        BFloat16[] values = [BFloat16.FromSingle(ranks.Rank == 0 ? 256 : 1)];
        ranks.AllReduce(values.AsSpan());
        Require(values[0] == BFloat16.FromSingle(255 + ranks.Size), "bfloat16 rounded once");
    }

    private static int Value(int rank, int i) => (((i * 7) + (rank * 11)) % 31) - 15;

    private static (byte, short)[] Moved(int rank, int length) => [.. Enumerable.Range(0, length).Select(i => ((byte)rank, (short)i))];

    private static void Require(bool holds, string what)
    {
        if (!holds) throw new InvalidOperationException($"{what}: wrong");
    }
}
