using Heed.Distributed;
using Heed.Models;
using Heed.Models.Sharding;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Tensors;

namespace Heed.Tests.Models.Sharding;

public sealed class SequenceParallelTests
{
    public static TheoryData<string, int> Models
    {
        get
        {
            TheoryData<string, int> all = [];
            foreach (string name in new[] { "llama", "grouped", "one-kv", "tied", "biases", "gpt", "qk-layer-norm", "post-norms", "alibi", "relative", "window", "bigbird", "both-ways" })
                foreach (int ranks in new[] { 2, 4 }) all.Add(name, ranks);
            return all;
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Loss_AndEveryGradient_AreThoseOfOneRank(string name, int size)
    {
        Transformer whole = MixerModels.Make(SharedModels.ConfigOf(name), Device.Reference);
        using SingleCommunicator single = new();
        var expected = SharedModels.Gradients(whole, single);
        foreach (bool recompute in new[] { false, true })
            foreach (var part in InProcessCommunicator.Run(size, ranks => SharedModels.Gradients(SharedModels.Share(whole, ranks, sequenceParallel: true), ranks, recompute)))
                SharedModels.Same(part, expected);
    }

    [Theory, InlineData("gpt"), InlineData("grouped")]
    public void Forward_AfterTraining_IsThatOfOneRank(string name)
    {
        Transformer whole = MixerModels.Make(SharedModels.ConfigOf(name));
        int[] tokens = SharedModels.Tokens[..15];
        float[] expected = whole.Forward(tokens, rows: LogitRows.All).ToArray();
        InProcessCommunicator.Run(4, ranks =>
        {
            Transformer model = SharedModels.Share(whole, ranks, sequenceParallel: true);
            SharedModels.Watch(model);
            using (GradientTape tape = new()) tape.Backward(model.Loss(SharedModels.Tokens, SharedModels.Tokens));
            SharedModels.Close(model.Forward(tokens, rows: LogitRows.All).ToArray(), expected, "without a tape");
            SharedModels.Close(model.Forward(tokens).ToArray(), expected.AsSpan()[^whole.Config.VocabSize..], "the last logits");
            using (new GradientTape())
            {
                SharedModels.Close(model.Forward(SharedModels.Tokens, rows: LogitRows.All).ToArray().AsSpan()[..expected.Length], expected, "under a tape");
                Should.Throw<NotSupportedException>(() => model.Forward(SharedModels.Tokens)).Message.ShouldContain("ask for all logits");
                Should.Throw<ArgumentException>(() => model.Loss(tokens, tokens)).Message.ShouldContain("4 ranks share 15 tokens; expected a multiple of 4");
            }
            // The whole is on rank 0.
            Transformer? gathered = TensorParallel.Gather(model, whole.Config, ranks);
            if (gathered is not null) gathered.Forward(tokens, rows: LogitRows.All).ToArray().ShouldBe(expected);
        });
    }

    [Fact]
    public void Loss_OfABlock_SendsAsMuchAsSumsDo()
    {
        Transformer whole = MixerModels.Make(SharedModels.ConfigOf("llama") with { NumLayers = 6, VocabSize = 13 });
        long[] bytes = [.. new[] { false, true }.Select(sequence => InProcessCommunicator.Run(2, ranks =>
        {
            Transformer model = SharedModels.Share(whole, ranks, sequence);
            SharedModels.Watch(model);
            using GradientTape tape = new();
            long before = ranks.Traffic.Bytes;
            tape.Backward(model.Loss(SharedModels.Tokens, SharedModels.Tokens, batch: 2));
            return ranks.Traffic.Bytes - before;
        })[0])];
        // A sum is a scatter and a gather; the embedding's backward pass and the loss's forward pass gather besides.
        ((double)bytes[1] / bytes[0]).ShouldBeInRange(0.5, 1.15);
    }

    [Fact]
    public void SumAndScatterRows_AndGatherRows_MatchFiniteDifferences() => InProcessCommunicator.Run(2, ranks => GradientCheck.Run(inputs =>
    {
        Tensor part = Collectives.Spread(inputs[0], ranks) * (ranks.Rank + 1);
        Tensor own = Collectives.SumAndScatterRows(part, ranks).Square();
        // What is gathered is for layers of which each rank has a part: the ranks' gradients of it are parts of a sum.
        return Collectives.Sum(Collectives.GatherRows(own, ranks) * (ranks.Rank == 0 ? 0.25 : 0.75), ranks);
    }, Shape.Of(4, 3)));

    [Fact]
    public void Check_WhatCannotShareTokens_SaysWhy()
    {
        ModelConfig config = SharedModels.ConfigOf("llama");
        Refused(config.WithEncoder(), "Encoder is set");
        Refused(config with { Norm = NormKind.Batch }, "Norm is Batch");
        Refused(config with { Positions = PositionKind.Sinusoidal }, "Positions is Sinusoidal");
        Refused(SharedModels.ConfigOf("longformer"), "GlobalTokens");
        Refused(config with { Dropout = 0.1f }, "Dropout is 0.1");

        static void Refused(ModelConfig config, string reason) => Should.Throw<NotSupportedException>(() => TensorParallel.Check(config, 2, sequenceParallel: true)).Message.ShouldContain(reason);
    }
}
