using Heed.Distributed;
using Heed.Models;
using Heed.Models.Sharding;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models.Sharding;

public sealed class TensorParallelTests
{
    [Theory, MemberData(nameof(SharedModels.All), MemberType = typeof(SharedModels))]
    public void Forward_OfSeveralRows_IsThatOfOneRank(string name, int size)
    {
        Transformer whole = MixerModels.Make(SharedModels.ConfigOf(name));
        int[] tokens = SharedModels.Tokens, positions = [.. Enumerable.Range(0, 16).Select(i => i < 8 ? i : i < 11 ? -1 : i - 11)];
        if (whole.Config.Encoder is not null || whole.Config.Norm == NormKind.Batch) positions = [];
        float[] expected = whole.Forward(tokens, positions: positions, batch: 2, rows: LogitRows.All, sources: SharedModels.Sources(whole.Config, 2)).ToArray();
        float[] last = whole.Forward(tokens, batch: 2, sources: SharedModels.Sources(whole.Config, 2)).ToArray();
        float[][] logits = InProcessCommunicator.Run(size, ranks =>
        {
            Transformer model = SharedModels.Share(whole, ranks);
            SharedModels.Close(model.Forward(tokens, batch: 2, sources: SharedModels.Sources(whole.Config, 2)).ToArray(), last, $"last row, rank {ranks.Rank}");
            return model.Forward(tokens, positions: positions, batch: 2, rows: LogitRows.All, sources: SharedModels.Sources(whole.Config, 2)).ToArray();
        });
        SharedModels.Close(logits[0], expected, name);
        foreach (float[] others in logits) others.ShouldBe(logits[0], "ranks have other bits");
    }

    [Theory, MemberData(nameof(SharedModels.Causal), MemberType = typeof(SharedModels))]
    public void Forward_FromACache_IsThatOfOneRank(string name, int size)
    {
        Transformer whole = MixerModels.Make(SharedModels.ConfigOf(name));
        float[][] expected = Decode(whole, SharedModels.Tokens);
        float[][][] steps = InProcessCommunicator.Run(size, ranks => Decode(SharedModels.Share(whole, ranks), SharedModels.Tokens));
        for (int step = 0; step < expected.Length; step++)
        {
            SharedModels.Close(steps[0][step], expected[step], $"{name}, step {step}");
            foreach (float[][] others in steps) others[step].ShouldBe(steps[0][step], "ranks have other bits");
        }
    }

    [Theory, MemberData(nameof(SharedModels.All), MemberType = typeof(SharedModels))]
    public void Loss_AndEveryGradient_AreThoseOfOneRank(string name, int size)
    {
        Transformer whole = MixerModels.Make(SharedModels.ConfigOf(name), Device.Reference);
        (double loss, Dictionary<string, double[]> expected, double norm) = SharedModels.Gradients(whole, SingleRank());
        var parts = InProcessCommunicator.Run(size, ranks => SharedModels.Gradients(SharedModels.Share(whole, ranks), ranks));
        foreach (var part in parts) SharedModels.Same(part, (loss, expected, norm));
    }

    [Theory, InlineData("grouped"), InlineData("gpt"), InlineData("encoder"), InlineData("alibi"), InlineData("relative")]
    public void Gather_AfterBuild_GivesTheWholeModelBack(string name)
    {
        Transformer whole = MixerModels.Make(SharedModels.ConfigOf(name));
        Transformer? gathered = InProcessCommunicator.Run(4, ranks => TensorParallel.Gather(SharedModels.Share(whole, ranks), whole.Config, ranks))[0];
        gathered!.Config.ShouldBe(whole.Config);
        gathered.Parameters.Select(parameter => parameter.Name).ShouldBe(whole.Parameters.Select(parameter => parameter.Name));
        for (int i = 0; i < whole.Parameters.Count; i++)
        {
            gathered.Parameters[i].Shard.ShouldBeNull();
            gathered.Parameters[i].Value.ToArray().ShouldBe(whole.Parameters[i].Value.ToArray(), whole.Parameters[i].Name);
        }
    }

    [Theory, InlineData("one-kv"), InlineData("relative"), InlineData("tied")]
    public void Scatter_OfWhatWasGathered_ChangesNothing(string name)
    {
        Transformer whole = MixerModels.Make(SharedModels.ConfigOf(name));
        InProcessCommunicator.Run(4, ranks =>
        {
            foreach (Parameter parameter in SharedModels.Share(whole, ranks).Parameters)
            {
                float[] before = parameter.Value.ToArray();
                if (parameter.Shard is not { } shard) continue;
                Tensor? all = ShardedParameters.Gather(parameter.Value, shard);
                (all is not null).ShouldBe(ranks.Rank == 0);
                Tensor copy = Tensor.Zeros(parameter.Value.Shape);
                ShardedParameters.Scatter(all, copy, shard);
                copy.ToArray().ShouldBe(before, parameter.Name);
            }
        });
    }

    [Fact]
    public void Build_OfOneRank_IsThePlainModel()
    {
        ModelConfig config = SharedModels.ConfigOf("llama");
        Transformer model = TensorParallel.Build(config, new RandomWeights(1), new SingleCommunicator());
        model.Config.ShouldBe(config);
        model.Output.ShouldBeOfType<DenseLinear>();
        model.Parameters.ShouldAllBe(parameter => parameter.Shard == null);
    }

    [Fact]
    public void Build_FromTheSameSeed_IsTheSameModelOnAnyNumberOfRanks()
    {
        ModelConfig config = SharedModels.ConfigOf("grouped");
        float[] expected = new Transformer(config, new RandomWeights(5, config.NumLayers)).Forward(SharedModels.Tokens).ToArray();
        foreach (int size in new[] { 2, 4, 8 })
            SharedModels.Close(InProcessCommunicator.Run(size, ranks => TensorParallel.Build(config, new RandomWeights(5, config.NumLayers), ranks).Forward(SharedModels.Tokens).ToArray())[0], expected, $"{size} ranks");
    }

    [Fact]
    public void Forward_OfABlock_AllReducesTwice()
    {
        Transformer whole = MixerModels.Make(SharedModels.ConfigOf("llama"));
        long[] operations = InProcessCommunicator.Run(2, ranks =>
        {
            Transformer model = SharedModels.Share(whole, ranks);
            long before = ranks.Traffic.Operations;
            model.Forward([1, 2, 3]);
            return ranks.Traffic.Operations - before;
        });
        // The embedding's sum, two for each of the two blocks, and the logits.
        operations.ShouldAllBe(count => count == 1 + 2 * 2 + 1);
    }

    [Theory, InlineData(2), InlineData(4)]
    public void Loss_OfABlockMore_AllReducesTwiceInEachDirection(int size)
    {
        ModelConfig config = SharedModels.ConfigOf("llama");
        int[] tokens = [1, 2, 3, 4, 5], targets = [2, 3, 4, 5, 6];
        (long Bytes, long Operations)[][] sent = [.. new[] { 1, 2 }.Select(layers => InProcessCommunicator.Run(size, ranks =>
        {
            Transformer model = TensorParallel.Build(config with { NumLayers = layers }, new RandomWeights(5, layers), ranks);
            foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
            CommunicatorTraffic before = ranks.Traffic;
            using TensorScope scope = new();
            using TensorScope.Lease lease = scope.Enter();
            using GradientTape tape = new();
            tape.Backward(model.Loss(tokens, targets));
            return (ranks.Traffic.Bytes - before.Bytes, ranks.Traffic.Operations - before.Operations);
        }))];
        for (int rank = 0; rank < size; rank++)
        {
            (sent[1][rank].Operations - sent[0][rank].Operations).ShouldBe(4);
            (sent[1][rank].Bytes - sent[0][rank].Bytes).ShouldBe(4L * 2 * (size - 1) * tokens.Length * config.HiddenSize * sizeof(float) / size);
        }
    }

    [Fact]
    public void Check_WhatRanksCannotShare_SaysWhy()
    {
        ModelConfig config = SharedModels.ConfigOf("llama");
        Refused(config, 3, "TensorParallel: NumHeads is 4; expected a multiple of the 3 ranks.");
        Refused(config with { NumHeads = 12, NumKvHeads = 3, HeadDim = 4 }, 4, "TensorParallel: NumKvHeads is 3; expected a multiple or a divisor of the 4 ranks.");
        Refused(config with { IntermediateSize = 30 }, 4, "TensorParallel: IntermediateSize is 30; expected a multiple of the 4 ranks.");
        Refused(config with { VocabSize = 3 }, 4, "TensorParallel: VocabSize is 3; expected at least one token for each of the 4 ranks.");
        ModelConfig both = config.WithEncoder();
        Refused(both with { Encoder = both.Encoder! with { NumHeads = 3, NumKvHeads = 3, HeadDim = 8 } }, 2, "TensorParallel: Encoder.NumHeads is 3; expected a multiple of the 2 ranks.");
        Should.Throw<NotSupportedException>(() => TensorParallel.Check(MixerModels.ConfigOf("mamba"), 2)).Message.ShouldContain("Mixer is Mamba; expected Attention");
        Should.Throw<NotSupportedException>(() => TensorParallel.Check(config with { Norm = NormKind.Batch, QkNorm = true, Bidirectional = true }, 2)).Message.ShouldContain("QkNorm is set");
        TensorParallel.Check(MixerModels.ConfigOf("mamba"), 1);

        static void Refused(ModelConfig config, int ranks, string message) => Should.Throw<ArgumentException>(() => TensorParallel.Check(config, ranks)).Message.ShouldStartWith(message);
    }

    [Fact]
    public void Forward_OfOneToken_AllocatesNothingManaged() => InProcessCommunicator.Run(2, ranks =>
    {
        // The communicator of threads makes arrays of its own; what the layers make is counted over one that does nothing.
        ModelConfig config = SharedModels.ConfigOf("biases");
        Transformer model = TensorParallel.Build(config, new RandomWeights(1), new SilentCommunicator(ranks.Rank));
        using KvCache cache = model.CreateCache();
        using TensorScope scope = new(recycles: true);
        SteadyState.ManagedBytes(() =>
        {
            cache.Clear();
            for (int i = 0; i < 20; i++)
                using (scope.Enter()) model.Forward([i % 13], cache);
        }).ShouldBe(0);
    });

    private static float[][] Decode(Transformer model, int[] tokens)
    {
        using KvCache cache = model.CreateCache(batch: 2);
        int[] both = [.. tokens[..5], .. tokens[1..6]];
        List<float[]> steps = [model.Forward(both, cache, rows: LogitRows.All).ToArray()];
        for (int i = 6; i < 10; i++) steps.Add(model.Forward([tokens[i], tokens[^i]], cache).ToArray());
        return [.. steps];
    }

    private static SingleCommunicator SingleRank() => new();
}
