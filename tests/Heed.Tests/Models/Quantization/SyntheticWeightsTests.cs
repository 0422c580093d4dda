using Heed.Inference;
using Heed.Models;
using Heed.Models.Quantization;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models.Quantization;

public sealed class SyntheticWeightsTests
{
    private static readonly ModelConfig s_config = new()
    {
        HiddenSize = 256,
        NumLayers = 3,
        NumHeads = 8,
        NumKvHeads = 2,
        IntermediateSize = 512,
        VocabSize = 300,
        MaxSeqLen = 64,
    };

    public static TheoryData<string> Recipes => [.. QuantizationRecipe.All.Select(recipe => recipe.Name)];

    [Theory, MemberData(nameof(Recipes))]
    public void Model_OfAnyRecipe_GivesFiniteLogitsInTheTypeOfTheRecipe(string name)
    {
        QuantizationRecipe.TryFind(name, out QuantizationRecipe? recipe).ShouldBeTrue();
        using SyntheticWeights weights = new(s_config, recipe!);
        Transformer model = new(s_config, weights);
        float[] logits = model.Forward([1, 2, 3]).ToArray();
        logits.ShouldAllBe(value => float.IsFinite(value));
        logits.Distinct().Count().ShouldBeGreaterThan(1);
        LinearWeights up = model.Blocks[0].FeedForward.Up.ShouldBeOfType<FrozenLinear>().Weights;
        if (up is StripWeights strips) strips.Matrix.Type.ShouldBe(recipe!.Type);
        else if (up is HalfWeights halves) halves.Panels.Type.ShouldBe(recipe!.Type);
        else up.ShouldBeOfType<PackedWeights>();
        weights.StepBytes.ShouldBeLessThan(weights.Bytes);
    }

    [Fact]
    public void Qkv_OfARecipeThatTellsValuesApart_HasTwoParts()
    {
        QuantizationRecipe.TryFind("q4_k_m", out QuantizationRecipe? recipe).ShouldBeTrue();
        using SyntheticWeights weights = new(s_config, recipe!);
        Transformer model = new(s_config, weights);
        StackedWeights qkv = model.Blocks[2].Attention.Qkv.ShouldBeOfType<FrozenLinear>().Weights.ShouldBeOfType<StackedWeights>();
        qkv.Parts.ToArray().Select(part => ((StripWeights)part).Matrix.Type).ShouldBe([WeightType.Q4_K, WeightType.Q6_K]);
    }

    [Theory, InlineData("q4_0"), InlineData("q4_k_m"), InlineData("q8_0")]
    public void Forward_InAnyPiecesOnAnyThreads_GivesTheSameBits(string name)
    {
        QuantizationRecipe.TryFind(name, out QuantizationRecipe? recipe).ShouldBeTrue();
        int[] tokens = [.. Enumerable.Range(0, 50).Select(i => i * 37 % 300)];
        float[]? expected = null;
        foreach (int threads in new[] { 1, 3 })
        {
            using Device device = Device.CreateCpu(threads);
            using SyntheticWeights weights = new(s_config, recipe!, device);
            Transformer model = new(s_config, weights);
            foreach (int piece in new[] { 50, 33, 7, 1 })
            {
                using KvCache cache = model.CreateCache();
                List<float> logits = [];
                for (int at = 0; at < tokens.Length; at += piece)
                    logits = [.. model.Forward(tokens.AsSpan(at, Math.Min(piece, tokens.Length - at)), cache).ToArray()];
                float[] last = [.. logits.TakeLast(s_config.VocabSize)];
                (expected ??= last).ShouldBe(last, $"pieces of {piece} on {threads} threads");
            }
        }
    }

    [Theory, InlineData("q4_0"), InlineData("q4_k_m"), InlineData("f16")]
    public void Forward_DecodeInSteadyState_AllocatesNothingManaged(string name)
    {
        QuantizationRecipe.TryFind(name, out QuantizationRecipe? recipe).ShouldBeTrue();
        using Device device = Device.CreateCpu(1);
        using SyntheticWeights weights = new(s_config, recipe!, device);
        Transformer model = new(s_config, weights);
        using KvCache cache = model.CreateCache();
        using TensorScope scope = new(recycles: true);
        void Decode(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                if (cache.Length() == 60) cache.Truncate(0, 4);
                using TensorScope.Lease step = scope.Enter();
                int token = i % 300;
                model.Forward(new ReadOnlySpan<int>(in token), cache);
            }
        }
        Decode(200);
        SteadyState.ManagedBytes(() => Decode(200)).ShouldBe(0);
    }

    [Fact]
    public void Measure_OfASmallModel_HasAFigureForEveryRound()
    {
        QuantizationRecipe.TryFind("q8_0", out QuantizationRecipe? recipe).ShouldBeTrue();
        using SyntheticWeights weights = new(s_config, recipe!);
        SpeedMeasurement measured = SpeedMeasurement.Measure(new Transformer(s_config, weights), promptTokens: 20, newTokens: 3, batch: 2, rounds: 3);
        measured.Prefill.Count.ShouldBe(3);
        measured.Decode.Count.ShouldBe(3);
        measured.Prefill.Concat(measured.Decode).ShouldAllBe(rate => rate > 0);
        measured.CacheBytes.ShouldBeGreaterThan(0);
        Should.Throw<ArgumentOutOfRangeException>(() => SpeedMeasurement.Measure(new Transformer(s_config, weights), 60, 5));
    }
}
