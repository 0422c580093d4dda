using System.Text.Json;
using Heed.Formats;
using Heed.Models;
using Heed.Models.Adapters;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;
using Heed.Tests.Models.Checkpoints;

namespace Heed.Tests.Models.Adapters;

/// <summary>Whole models with adapters: what they learn, compute and become.</summary>
public sealed class LoraTests
{
    /// <summary>Loss, logits, and the gradients of all factors of a grouped-query Llama, by PyTorch in double.</summary>
    [Theory]
    [InlineData(false, false), InlineData(true, false), InlineData(false, true)]
    public void Loss_Adapted_MatchesPyTorch(bool dense, bool recompute)
    {
        string folder = TestData.Golden("lora");
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")));
        int[][] sequences = [.. expected.RootElement.GetProperty("sequences").EnumerateArray().Select(one => one.EnumerateArray().Select(token => token.GetInt32()).ToArray())];
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel("llama-gqa").PathOf(""));
        PeftAdapter adapter = PeftAdapter.Read(folder, checkpoint.Config);
        Transformer model = new(checkpoint.Config, adapter.Weights(checkpoint.Weights(form: dense ? WeightForm.Dense : WeightForm.Fast)));
        int[] tokens = [.. sequences.SelectMany(one => one[..^1])], targets = [.. sequences.SelectMany(one => one[1..])];
        (double loss, Dictionary<string, float[]> gradients) = LoraModel.Learn(model, tokens, targets, sequences.Length, recompute: recompute);
        loss.ShouldBe(expected.RootElement.GetProperty("loss").GetDouble(), 1e-4);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "gradients.safetensors"));
        PeftNames names = new(checkpoint.Config);
        // Float32 through two layers and back: 1e-4 of a tensor's largest gradient.
        foreach (PeftTensor tensor in names.Tensors(adapter.Config)) GoldenModel.Error(gradients[NameOf(tensor)], Values(file, tensor.Name)).ShouldBeLessThan(1e-4, tensor.Name);
        gradients.Count.ShouldBe(file.Tensors.Count);
    }

    [Fact]
    public void Forward_Adapted_MatchesPyTorchWithACacheAndMerged()
    {
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(TestData.Golden("lora/expected.json")));
        int[] tokens = [.. expected.RootElement.GetProperty("sequences")[0].EnumerateArray().Select(token => token.GetInt32())];
        byte[] bytes = File.ReadAllBytes(TestData.Golden("lora/logits.f32"));
        float[] logits = new float[(tokens.Length - 1) * 67];
        Buffer.BlockCopy(bytes, 0, logits, 0, logits.Length * sizeof(float));
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel("llama-gqa").PathOf(""));
        Transformer model = new(checkpoint.Config, PeftAdapter.Read(TestData.Golden("lora"), checkpoint.Config).Weights(checkpoint.Weights()));
        GoldenModel.Error(GoldenModel.Forward(model, tokens.AsSpan()[..^1]), logits).ShouldBeLessThan(1e-4);
        GoldenModel.Error(GoldenModel.Forward(Lora.Merge(model), tokens.AsSpan()[..^1]), logits).ShouldBeLessThan(1e-4);
    }

    [Fact]
    public void LoraWeights_Fresh_LeaveTheLogitsBitForBitAndLearnAdaptersAlone()
    {
        foreach (Func<IWeightSource> source in (Func<IWeightSource>[])[() => new RandomWeights(3, 2), () => new RandomWeights(3, 2, Device.Reference)])
        {
            Transformer plain = new(LoraModel.Small, source()), adapted = new(LoraModel.Small, new LoraWeights(source(), LoraModel.Small, new LoraConfig { Rank = 2, Targets = ["q_proj", "v_proj", "down_proj"] }));
            GoldenModel.Forward(adapted, LoraModel.Tokens).ShouldBe(GoldenModel.Forward(plain, LoraModel.Tokens));
            adapted.Parameters.Count.ShouldBe(2 * 3 * 2);
            adapted.Parameters.ShouldAllBe(parameter => parameter.IsAdapter);
            adapted.Parameters[0].Name.ShouldBe("blocks.0.attention.qkv.q_proj.lora_A");
            Lora.IsIn(adapted).ShouldBeTrue();
            Lora.IsIn(plain).ShouldBeFalse();
        }
    }

    [Fact]
    public void LoraWeights_FirstFactors_AreUniformWithinPeftsBound()
    {
        Transformer model = new(LoraModel.Small, new LoraWeights(new RandomWeights(1), LoraModel.Small, new LoraConfig { Rank = 16, Seed = 4 }));
        float[] a = model.Parameters.Single(parameter => parameter.Name == "blocks.1.feed_forward.down.down_proj.lora_A").Value.ToArray();
        double bound = 1 / Math.Sqrt(48);
        a.ShouldAllBe(value => Math.Abs(value) <= bound);
        a.Max().ShouldBeGreaterThan((float)(0.95 * bound));
        // The deviation of a uniform distribution; 768 numbers estimate it to a few percent.
        Math.Sqrt(a.Average(value => (double)value * value)).ShouldBe(bound / Math.Sqrt(3), 0.05 * bound);
        Transformer again = new(LoraModel.Small, new LoraWeights(new RandomWeights(1), LoraModel.Small, new LoraConfig { Rank = 16, Seed = 4 }));
        again.Parameters[0].Value.ToArray().ShouldBe(model.Parameters[0].Value.ToArray());
    }

    /// <summary>QLoRA: the gradients through a quantized base are those through its dequantized twin.</summary>
    [Theory]
    [InlineData(WeightType.Q8_0), InlineData(WeightType.Q4_0), InlineData(WeightType.F16)]
    public void Loss_QuantizedBase_LearnsAsItsDenseTwin(WeightType type)
    {
        using TempFolder temp = new();
        using Checkpoint checkpoint = Checkpoint.Open(temp.Write("model.gguf", GgufCheckpointTests.Random(_ => type).Build().ToArray()));
        LoraConfig lora = new() { Rank = 3, Alpha = 6 };
        Transformer quantized = LoraModel.Filled(new(checkpoint.Config, new LoraWeights(checkpoint.Weights(form: WeightForm.Exact), checkpoint.Config, lora)));
        Transformer dense = LoraModel.Filled(new(checkpoint.Config, new LoraWeights(checkpoint.Weights(form: WeightForm.Dense), checkpoint.Config, lora)));
        int[] tokens = [.. LoraModel.Tokens.Select(token => token % checkpoint.Config.VocabSize)], targets = [.. tokens[1..], -100];
        (double loss, Dictionary<string, float[]> gradients) = LoraModel.Learn(quantized, tokens, targets);
        (double denseLoss, Dictionary<string, float[]> denseGradients) = LoraModel.Learn(dense, tokens, targets);
        loss.ShouldBe(denseLoss, 1e-5);
        LoraModel.ShouldAgree(gradients, denseGradients, 1e-4);
        GoldenModel.Error(GoldenModel.Forward(Lora.Merge(quantized), tokens), GoldenModel.Forward(quantized, tokens)).ShouldBeLessThan(1e-5);
    }

    [Fact]
    public void Loss_AdapterDropout_HangsOnTheSeedAndSurvivesRecomputation()
    {
        LoraConfig lora = new() { Rank = 2, Dropout = 0.3f };
        Transformer model = LoraModel.Filled(new(LoraModel.Small, new LoraWeights(new RandomWeights(1, 2), LoraModel.Small, lora)));
        int[] targets = [.. LoraModel.Tokens[1..], -100];
        (double loss, Dictionary<string, float[]> gradients) = LoraModel.Learn(model, LoraModel.Tokens, targets, dropoutSeed: 9);
        (double again, Dictionary<string, float[]> recomputed) = LoraModel.Learn(model, LoraModel.Tokens, targets, dropoutSeed: 9, recompute: true);
        again.ShouldBe(loss);
        LoraModel.ShouldAgree(recomputed, gradients, 1e-6);
        LoraModel.Learn(model, LoraModel.Tokens, targets, dropoutSeed: 10).Loss.ShouldNotBe(loss);
        LoraModel.Learn(model, LoraModel.Tokens, targets).Loss.ShouldBe(LoraModel.Learn(Lora.Merge(model), LoraModel.Tokens, targets).Loss, 1e-5);
    }

    [Fact]
    public void Merge_Adapted_HasTheLogitsAndLearnsInMemoryOfItsOwn()
    {
        ModelConfig gpt2 = LoraModel.Small with
        {
            NumKvHeads = 4,
            Norm = NormKind.Layer,
            Positions = PositionKind.Learned,
            GatedFeedForward = false,
            TieEmbeddings = true,
            FeedForwardBias = true,
        };
        foreach (ModelConfig config in (ModelConfig[])[LoraModel.Small, gpt2, LoraModel.Small with { QkNorm = true, PostNorms = true }])
        {
            Transformer model = LoraModel.Filled(new(config, new LoraWeights(new RandomWeights(1, 2), config, new LoraConfig { Rank = 3, RankStabilized = true })));
            Transformer merged = Lora.Merge(model);
            float[] before = GoldenModel.Forward(model, LoraModel.Tokens);
            GoldenModel.Error(GoldenModel.Forward(merged, LoraModel.Tokens), before).ShouldBeLessThan(1e-5);
            merged.Parameters.ShouldAllBe(parameter => !parameter.IsAdapter);
            merged.Parameters.Sum(parameter => (long)parameter.Value.ElementCount).ShouldBe(config.ParameterCount());
            LoraModel.Filled(merged);
            GoldenModel.Forward(model, LoraModel.Tokens).ShouldBe(before);
        }
    }

    [Fact]
    public void LoraConfig_WhatDoesNotFit_IsNamed()
    {
        Message(new LoraConfig { Rank = 0 }).ShouldContain("Rank is 0");
        Message(new LoraConfig { Alpha = float.NaN }).ShouldContain("Alpha");
        Message(new LoraConfig { Dropout = 1 }).ShouldContain("Dropout is 1");
        Message(new LoraConfig { Targets = [] }).ShouldContain("no Targets");
        Message(new LoraConfig { Targets = ["q_proj", "lm_head"] }).ShouldContain("'lm_head'");

        static string Message(LoraConfig lora) => Should.Throw<ArgumentException>(() => new LoraWeights(new RandomWeights(1), LoraModel.Small, lora)).Message;
    }

    private static string NameOf(PeftTensor tensor) => $"{tensor.Layer}.{tensor.Target}.lora_{(tensor.IsB ? "B" : "A")}";

    private static float[] Values(SafetensorsFile file, string name)
    {
        file.TryGet(name, out StoredTensor? stored).ShouldBeTrue(name);
        float[] values = new float[stored!.ElementCount];
        file.ReadFloats(stored, 0, values);
        return values;
    }
}
