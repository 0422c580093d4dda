using Heed.Distributed;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Training;
using Heed.Training.Ranks;

namespace Heed.Tests.Training.Ranks;

public sealed class GradientExchangeTests
{
    [Fact]
    public void Order_EncoderAndDecoder_IsTheReverseOfThePass()
    {
        ModelConfig config = TinyRun.Config with { Encoder = TinyRun.Config with { Bidirectional = true }, Positions = PositionKind.Learned };
        IReadOnlyList<Parameter> parameters = TinyRun.Model(config with { Encoder = config.Encoder with { Positions = PositionKind.Learned } }).Parameters;
        string[] order = [.. GradientBuckets.Order(parameters).Select(number => parameters[number].Name)];
        order.Length.ShouldBe(parameters.Count);
        order[0].ShouldBe("output.weight");
        order[^1].ShouldBe("embedding.weight");
        Array.IndexOf(order, "blocks.1.feed_forward.down.weight").ShouldBeLessThan(Array.IndexOf(order, "blocks.0.feed_forward.down.weight"));
        Array.IndexOf(order, "blocks.0.attention.qkv.weight").ShouldBeLessThan(Array.FindIndex(order, name => name.StartsWith("encoder.", StringComparison.Ordinal)));
    }

    [Theory, InlineData(false, false), InlineData(true, false), InlineData(false, true)]
    public void Run_SecondStep_GivesBucketsAwayBeforeThePassEnds(bool tied, bool recompute) => InProcessCommunicator.Run(2, world =>
    {
        Transformer model = TinyRun.Model(TinyRun.Config with { TieEmbeddings = tied });
        using GradientExchange exchange = Make(model, RankRun.Options, world, out GradientPass pass, recompute);
        using TensorScope scope = new();
        pass.Run(0, scope, default, exchange);
        exchange.Early.ShouldBe(0, "nothing is known of the first pass");
        pass.Run(1, scope, default, exchange);
        exchange.Early.ShouldBeGreaterThan(4);
        exchange.Early.ShouldBe(new GradientBuckets(model.Parameters, RankRun.Options.BucketBytes, 2).All.Count);
    });

    [Theory, InlineData(false), InlineData(true)]
    public void Finish_GradientWrittenToAfterItWasSent_IsWhole(bool sharded) => InProcessCommunicator.Run(3, world =>
    {
        Tensor weight = Tensor.From([1f, 2f, 3f, 4f, 5f], new Shape(5)), other = Tensor.From([1f], new Shape(1));
        Parameter[] parameters = [new("a", other), new("b", weight)];
        foreach (Parameter parameter in parameters) parameter.Value.RequiresGradient = true;
        GradientBuckets buckets = new(parameters, 1, world.Size);
        using GradientExchange exchange = new(buckets, new TrainingOptions { ShardOptimizer = sharded }, world, world.Split(0, world.Rank));
        for (int step = 0; step < 3; step++)
        {
            // In the second step one rank uses the weight twice, of which nobody could have known.
            int uses = step == 1 && world.Rank == 1 ? 2 : 1;
            foreach (Parameter parameter in parameters) parameter.Value.ClearGradient();
            exchange.Begin();
            exchange.BeginLastPass();
            using (GradientTape tape = new())
            {
                Tensor sum = (other * 2).Sum();
                for (int use = 0; use < uses; use++) sum = sum + (weight * (10.0 * (world.Rank + 1))).Sum();
                tape.Backward(sum);
            }
            exchange.EndPart();
            exchange.Finish([0.5 * world.Rank]).ShouldBe(1.5);
            float[] expected = [.. Enumerable.Repeat(step == 1 ? 80f : 60f, 5)];
            if (!sharded) weight.Gradient!.ToArray().ShouldBe(expected);
            else
            {
                (int index, GradientPiece piece) = buckets.PlaceOf(1);
                (int start, int at, int count) = buckets.All[index].Share(piece, world.Rank);
                buckets.All[index].Own.AsSpan().Slice(at, count).ToArray().ShouldBe(expected[start..(start + count)]);
            }
            buckets.Present.ShouldBe([true, true]);
        }
    });

    [Fact]
    public void Finish_ParameterThatNoRankUsed_HasNoGradient() => InProcessCommunicator.Run(2, world =>
    {
        Parameter[] parameters = [new("used by rank 1", Tensor.From([1f], new Shape(1))), new("unused", Tensor.From([1f], new Shape(1)))];
        foreach (Parameter parameter in parameters) parameter.Value.RequiresGradient = true;
        using GradientExchange exchange = new(new GradientBuckets(parameters, 100, 2), new TrainingOptions(), world, world.Split(0, world.Rank));
        exchange.Begin();
        if (world.Rank == 1)
        {
            using GradientTape tape = new();
            tape.Backward((parameters[0].Value * 3).Sum());
        }
        exchange.Finish([0]);
        parameters[0].Value.Gradient!.ToArray().ShouldBe([3f]);
        parameters[1].Value.Gradient.ShouldBeNull();
    });

    [Theory]
    [InlineData(2, false, 0), InlineData(4, false, 0), InlineData(3, false, 0)]
    [InlineData(2, true, 0), InlineData(4, true, 0)]
    [InlineData(2, false, 4), InlineData(4, false, 4)]
    public void Run_Step_SendsWhatTheoryAsksFor(int ranks, bool sharded, int parts)
    {
        TrainingOptions options = RankRun.Options with { ShardOptimizer = sharded, DeterministicParts = parts, BucketBytes = 4000 };
        InProcessCommunicator.Run(ranks, world =>
        {
            Transformer model = TinyRun.Model();
            GradientBuckets buckets = new(model.Parameters, options.BucketBytes, ranks);
            using GradientExchange exchange = Make(model, options, world, out GradientPass pass, buckets: buckets);
            using TensorScope scope = new();
            pass.Run(0, scope, default, exchange);
            CommunicatorTraffic before = exchange.Traffic;
            pass.Run(1, scope, default, exchange);
            long bytes = exchange.Traffic.Bytes - before.Bytes, padded = buckets.All.Sum(bucket => 4L * bucket.Shape.ElementCount);
            padded.ShouldBeInRange(buckets.Bytes, buckets.Bytes + 4L * ranks * buckets.All.Count);
            // 2(n − 1)/n of the gradient; sharing out the moments, the other half is the parameters' way back.
            bytes.ShouldBe((sharded ? 1 : 2) * padded * (ranks - 1) / ranks);
            (exchange.Traffic.Operations - before.Operations).ShouldBe(buckets.All.Count * (parts == 0 ? 1 : 2 * (long)Math.Log2(ranks)), "a bucket is one call, in a tree one for each level, up and down");
        });
    }

    [Fact]
    public void Update_SharedMoments_SendTheOtherHalf() => InProcessCommunicator.Run(4, world =>
    {
        TrainingOptions options = RankRun.Options with { ShardOptimizer = true };
        Transformer model = TinyRun.Model();
        GradientBuckets buckets = new(model.Parameters, options.BucketBytes, 4);
        ShardedAdamW optimizer = new(buckets, options, world);
        using GradientExchange exchange = Make(model, options, world, out GradientPass pass, buckets: buckets);
        using TensorScope scope = new();
        pass.Run(0, scope, default, exchange);
        long before = world.Traffic.Bytes;
        optimizer.Update(1e-3, 1);
        (world.Traffic.Bytes - before).ShouldBe(buckets.All.Sum(bucket => 4L * bucket.Shape.ElementCount) * 3 / 4);
    });

    [Theory, InlineData(2), InlineData(4), InlineData(8)]
    public void Reduce_Tree_HasTheBitsOfOneRanksTree(int ranks)
    {
        const int Parts = 8, Count = 24;
        Random random = new(3);
        float[][] parts = [.. Enumerable.Range(0, Parts).Select(_ => Enumerable.Range(0, Count).Select(_ => (float)(random.NextDouble() - 0.5) * MathF.Pow(10, random.Next(6))).ToArray())];
        float[] alone = Sum(0, Parts), inOrder = new float[Count];
        foreach (float[] part in parts)
            for (int i = 0; i < Count; i++) inOrder[i] += part[i];
        alone.ShouldNotBe(inOrder, "otherwise the order would not matter");
        foreach (float[] found in InProcessCommunicator.Run(ranks, world =>
        {
            int own = Parts / ranks;
            float[] sum = Sum(world.Rank * own, own);
            GradientTree.Reduce(sum, world);
            return sum;
        })) RankRun.ShouldBeTheSame(found, alone);

        float[] Sum(int first, int count)
        {
            Tensor weight = Tensor.Zeros(new Shape(Count));
            GradientBuckets buckets = new([new Parameter("a", weight)], 1, 1);
            GradientTree tree = new(buckets);
            for (int i = first; i < first + count; i++)
            {
                parts[i].CopyTo(tree.Next()[0].AsSpan());
                tree.Add();
            }
            tree.Take();
            return buckets.All[0].Memory.ToArray();
        }
    }

    private static GradientExchange Make(Transformer model, TrainingOptions options, ICommunicator world, out GradientPass pass, bool recompute = false, GradientBuckets? buckets = null)
    {
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        pass = new GradientPass(model, new TinyRun.Batches(8), model.Parameters, options with { Recompute = recompute });
        return new GradientExchange(buckets ?? new GradientBuckets(model.Parameters, options.BucketBytes, world.Size), options, world, world.Split(0, world.Rank));
    }
}
