using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

public sealed class AttentionMapsTests
{
    private static readonly ModelConfig s_small = new()
    {
        HiddenSize = 32,
        IntermediateSize = 48,
        NumLayers = 3,
        NumHeads = 4,
        NumKvHeads = 2,
        VocabSize = 61,
        MaxSeqLen = 20,
    };

    private static readonly int[] s_tokens = [3, 17, 5, 60, 0, 22, 41, 8, 8, 13, 2, 59, 30, 30, 1, 44, 7, 19, 50, 6];

    public static TheoryData<string> Names => ["plain", "window-cap", "qk-norm", "alibi", "relative", "top-k", "top-k-alibi-window", "post"];

    /// <summary>The witness: rope, scores, soft-cap, window and softmax written out in double, from the model's own projections.</summary>
    [Fact]
    public void Of_RopeGroupsWindowAndCap_EqualsTheSoftmaxInDouble()
    {
        Transformer model = ModelOf("window-cap", Device.Reference);

        AttentionMaps maps = AttentionMaps.Of(model, s_tokens);

        OwnRows rows = new(1, [.. Enumerable.Range(0, 20)], default, 0, null);
        Tensor x = model.Embedding.Forward(s_tokens).Reshape(new Shape(1, 20, 32));
        for (int layer = 0; layer < 3; layer++)
        {
            TransformerBlock block = model.Blocks[layer];
            double[] qkv = Doubles(block.Attention.Qkv.Forward(block.AttentionNorm.Forward(x)));
            for (int head = 0; head < 4; head++)
                for (int query = 0; query < 20; query++)
                {
                    double[] expected = Weights(qkv, head, query, window: layer % 2 == 0 ? 5 : 20);
                    for (int key = 0; key < 20; key++) ((double)maps.Weights(layer, head)[query * 20 + key]).ShouldBe(expected[key], 1e-6, $"{layer}.{head}: {query} → {key}");
                }
            x = block.Forward(x, new ForwardPass(rows));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Of_EveryKindOfModel_HasRowsOfSumOneAndNothingOutOfSight(string name)
    {
        Transformer model = ModelOf(name, Device.Cpu);
        ModelConfig config = model.Config;

        AttentionMaps maps = AttentionMaps.Of(model, s_tokens);

        maps.Layers.ShouldBe([0, 1, 2]);
        foreach (int layer in maps.Layers)
        {
            int window = config.AttentionOptionsOf(layer).Window is var size and > 0 ? size : 20;
            maps.Weights(layer).Length.ShouldBe(4 * 20 * 20);
            for (int head = 0; head < 4; head++)
            {
                float[] weights = maps.Weights(layer, head).ToArray();
                double entropy = 0;
                for (int query = 0; query < 20; query++)
                {
                    float[] row = weights[(query * 20)..(query * 20 + 20)];
                    row.Sum(p => (double)p).ShouldBe(1, 1e-5);
                    for (int key = 0; key < 20; key++)
                        if (key > query || key <= query - window) row[key].ShouldBe(0);
                    int kept = Math.Min(query + 1, window);
                    row.Count(p => p > 0).ShouldBe(config.AttentionTopK > 0 ? Math.Min(kept, config.AttentionTopK) : kept);
                    entropy -= row.Where(p => p > 0).Sum(p => p * Math.Log(p)) / 20;
                }
                maps.Entropy(layer, head).ShouldBe(entropy, 1e-9);
                entropy.ShouldBeInRange(0.01, Math.Log(20));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Of_OnTheCpu_EqualsTheReferenceDevice(string name)
    {
        AttentionMaps fast = AttentionMaps.Of(ModelOf(name, Device.Cpu), s_tokens), exact = AttentionMaps.Of(ModelOf(name, Device.Reference), s_tokens);
        // Single precision through three layers.
        foreach (int layer in exact.Layers)
            for (int i = 0; i < 1600; i++) fast.Weights(layer)[i].ShouldBe(exact.Weights(layer)[i], 2e-5f);
    }

    [Fact]
    public void Of_OneLayer_IsThatLayerOfAll()
    {
        Transformer model = ModelOf("plain", Device.Cpu);

        AttentionMaps one = AttentionMaps.Of(model, s_tokens, layer: 1), all = AttentionMaps.Of(model, s_tokens);

        one.Layers.ShouldBe([1]);
        one.Weights(1).ToArray().ShouldBe(all.Weights(1).ToArray());
        one.Entropy(1, 3).ShouldBe(all.Entropy(1, 3));
        Should.Throw<ArgumentOutOfRangeException>(() => one.Entropy(0, 0)).Message.ShouldContain("got layer 0; expected 1 to 1");
        Should.Throw<ArgumentOutOfRangeException>(() => one.Weights(1, 4).ToArray()).Message.ShouldContain("got head 4; expected 0 to 3");
    }

    [Fact]
    public void Of_ManyAtOnce_AreAllTheSame()
    {
        Transformer model = ModelOf("top-k-alibi-window", Device.Cpu);
        float[] expected = AttentionMaps.Of(model, s_tokens).Weights(2).ToArray();
        float[][] found = new float[8][];
        Parallel.For(0, found.Length, i => found[i] = AttentionMaps.Of(model, s_tokens).Weights(2).ToArray());
        foreach (float[] weights in found) weights.ShouldBe(expected);
    }

    [Fact]
    public void Of_UnderATape_RecordsNothing()
    {
        Transformer model = ModelOf("plain", Device.Cpu);
        foreach (Parameter parameter in model.Parameters) parameter.Value.RequiresGradient = true;
        using GradientTape tape = new();
        AttentionMaps.Of(model, s_tokens);
        tape.Count.ShouldBe(0);
    }

    [Fact]
    public void Of_WhatDoesNotFit_IsAClearError()
    {
        Transformer model = ModelOf("plain", Device.Cpu);
        Should.Throw<ArgumentException>(() => AttentionMaps.Of(model, [])).Message.ShouldContain("got 0 tokens; expected 1 to 20, the model's context");
        Should.Throw<ArgumentException>(() => AttentionMaps.Of(model, new int[21])).Message.ShouldContain("got 21 tokens; expected 1 to 20");
        Should.Throw<ArgumentOutOfRangeException>(() => AttentionMaps.Of(model, [61])).Message.ShouldContain("got token 61; expected 0 to 60");
        Should.Throw<ArgumentOutOfRangeException>(() => AttentionMaps.Of(model, s_tokens, layer: 3)).Message.ShouldContain("got layer 3; expected 0 to 2");
        Should.Throw<OperationCanceledException>(() => AttentionMaps.Of(model, s_tokens, cancellation: new CancellationToken(canceled: true)));
        Transformer wide = new(s_small with { HiddenSize = 64, NumHeads = 64, NumKvHeads = 1, NumLayers = 1, Positions = PositionKind.None, MaxSeqLen = 4096 }, new RandomWeights(1));
        Should.Throw<ArgumentException>(() => AttentionMaps.Of(wide, new int[2100])).Message.ShouldContain("64 heads over 2100 tokens take 1077 MiB; expected at most 1024 MiB");
    }

    [Theory]
    [InlineData("mamba")]
    [InlineData("hard")]
    [InlineData("simple")]
    [InlineData("linformer")]
    public void Of_AnotherMixer_IsRefused(string name)
    {
        Transformer model = MixerModels.Make(name);
        Should.Throw<ArgumentException>(() => AttentionMaps.Of(model, [1, 2])).Message.ShouldContain($"Mixer is {model.Config.Mixer}; expected Attention");
    }

    private static Transformer ModelOf(string name, Device device)
    {
        ModelConfig config = name switch
        {
            "plain" => s_small,
            "window-cap" => s_small with { Window = 5, WindowEvery = 2, AttentionSoftCap = 3 },
            "qk-norm" => s_small with { QkNorm = true },
            "alibi" => s_small with { Positions = PositionKind.Alibi },
            "relative" => s_small with { Positions = PositionKind.Relative, RelativeBuckets = 8, RelativeMaxDistance = 12 },
            "top-k" => s_small with { AttentionTopK = 3 },
            "top-k-alibi-window" => s_small with { AttentionTopK = 3, Positions = PositionKind.Alibi, Window = 6 },
            _ => s_small with { NormPlacement = NormPlacement.Post },
        };
        Transformer model = new(config, new RandomWeights(1, 3, device));
        // Matrices eight times the usual, the norms' gains as they are: far from even weights, and none so small that it is 0.
        foreach (Parameter parameter in model.Parameters)
            if (parameter.Value.Rank > 1) parameter.Value.Assign(parameter.Value * 8);
        return model;
    }

    private static double[] Doubles(Tensor x) => x.Contiguous().Span<double>(x.ElementCount).ToArray();

    /// <summary>A row of weights; qkv is [20, (4 + 2 + 2)·8], query head h uses key head ⌊h/2⌋.</summary>
    private static double[] Weights(double[] qkv, int head, int query, int window)
    {
        double[] scores = new double[20], q = Turned(qkv, query, head);
        Array.Fill(scores, double.NegativeInfinity);
        for (int key = Math.Max(0, query - window + 1); key <= query; key++)
        {
            double score = q.Zip(Turned(qkv, key, 4 + head / 2), (a, b) => a * b).Sum() / Math.Sqrt(8);
            scores[key] = 3 * Math.Tanh(score / 3);
        }
        double greatest = scores.Max(), sum = scores.Sum(score => Math.Exp(score - greatest));
        return [.. scores.Select(score => Math.Exp(score - greatest) / sum)];
    }

    private static double[] Turned(double[] qkv, int position, int head)
    {
        double[] turned = new double[8];
        for (int i = 0; i < 8; i += 2)
        {
            double angle = position * Math.Pow(10000, -i / 8.0), a = qkv[position * 64 + head * 8 + i], b = qkv[position * 64 + head * 8 + i + 1];
            (turned[i], turned[i + 1]) = (a * Math.Cos(angle) - b * Math.Sin(angle), a * Math.Sin(angle) + b * Math.Cos(angle));
        }
        return turned;
    }
}
