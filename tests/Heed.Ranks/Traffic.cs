using Heed.Distributed;

namespace Heed.Ranks;

/// <summary>One kind of operation, so that what a communicator counts can be held against what MPI saw.</summary>
internal static class Traffic
{
    private const int Length = 240_000, Rounds = 10;

    public static int Make(ICommunicator ranks, string operation)
    {
        float[] values = new float[Length], all = new float[Length * ranks.Size];
        BFloat16[] rounded = new BFloat16[Length];
        for (int round = 0; round < Rounds; round++)
            switch (operation)
            {
                case "all-reduce": ranks.AllReduce(values.AsSpan()); break;
                case "all-reduce-bf16": ranks.AllReduce(rounded.AsSpan()); break;
                case "all-gather": ranks.AllGather<float>(values, all); break;
                case "reduce-scatter": ranks.ReduceScatter(all.AsSpan(), values); break;
                case "broadcast": ranks.Broadcast(values.AsSpan(), 0); break;
                default: throw new ArgumentException($"Traffic: the operation is '{operation}'.", nameof(operation));
            }
        long[] bytes = [ranks.Traffic.Bytes];
        ranks.AllReduce(bytes.AsSpan());
        if (ranks.Rank == 0) Console.WriteLine($"counted {bytes[0]}");
        return 0;
    }
}
