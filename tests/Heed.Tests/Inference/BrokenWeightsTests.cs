using System.Runtime.InteropServices;
using Heed.Formats;
using Heed.Inference;
using Heed.Kernels.Strips;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;

namespace Heed.Tests.Inference;

/// <summary>Files whose structure is right and whose numbers are anything: loading, reading and writing on must neither crash nor hang.</summary>
public sealed class BrokenWeightsTests : IDisposable
{
    private const string Broken = "the model's weights or its input are broken.";

    private static readonly ModelConfig s_config = new() { HiddenSize = 256, IntermediateSize = 256, NumLayers = 1, NumHeads = 4, NumKvHeads = 2, VocabSize = 70, MaxSeqLen = 64 };

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("q4_0"), InlineData("q4_1"), InlineData("q5_0"), InlineData("q5_1"), InlineData("q8_0"), InlineData("q2_k"), InlineData("q3_k_m"), InlineData("q4_k_m"), InlineData("q5_k_m"), InlineData("q6_k")]
    [InlineData("iq4_nl"), InlineData("iq4_xs"), InlineData("f16"), InlineData("bf16")]
    public void Forward_AnyBytesInTheBlocks_GivesATokenOrAClearError(string recipe)
    {
        string path = Model(recipe);
        byte[] whole = File.ReadAllBytes(path);
        // binary16: NaN, infinities, the greatest number, the least one, all ones, and what is no number at all.
        foreach (ushort pattern in (ushort[])[0x7E00, 0x7C00, 0xFC00, 0x7BFF, 0x0001, 0xFFFF, 0])
            Try(path, whole, blocks => MemoryMarshal.Cast<byte, ushort>(blocks).Fill(pattern), $"{recipe}, {pattern:X4}");
        for (int seed = 0; seed < 4; seed++)
            Try(path, whole, new Random(seed).NextBytes, $"{recipe}, seed {seed}");
    }

    [Fact]
    public async Task CompleteAsync_ScalesThatAreNaN_SaysThatTheWeightsAreBroken()
    {
        string shipped = Directory.GetDirectories(Path.Combine(TestData.Repository, "models")).Single();
        string path = _temp.File("broken.gguf");
        QuantizationRecipe.TryFind("q8_0", out QuantizationRecipe? recipe).ShouldBeTrue();
        using (Checkpoint source = Checkpoint.Open(shipped)) GgufExport.Write(source, path, new GgufExportOptions { Recipe = recipe });
        byte[] bytes = File.ReadAllBytes(path);
        Corrupt(path, bytes, blocks => MemoryMarshal.Cast<byte, ushort>(blocks).Fill(0x7E00));
        File.WriteAllBytes(path, bytes);
        using LanguageModel model = LanguageModel.Load(path, new LoadOptions { TokenizerPath = Path.Combine(shipped, "tokenizer.json") });
        foreach (GenerationOptions options in (GenerationOptions[])[GenerationOptions.Greedy, new GenerationOptions(), new GenerationOptions { TopK = 5, RepetitionPenalty = 1.1f }])
        {
            ArithmeticException thrown = await Should.ThrowAsync<ArithmeticException>(async () =>
            {
                await foreach (CompletionPiece _ in model.CompleteAsync("Once", options with { MaxTokens = 4 })) { }
            });
            thrown.Message.ShouldBe($"Sample: the logit of token 0 is NaN; {Broken}");
        }
    }

    private static void Try(string path, byte[] whole, Action<Span<byte>> corrupt, string what)
    {
        byte[] bytes = [.. whole];
        Corrupt(path, bytes, corrupt).ShouldBeGreaterThan(0, what);
        string broken = path + ".broken";
        File.WriteAllBytes(broken, bytes);
        foreach (WeightForm form in (WeightForm[])[WeightForm.Fast, WeightForm.Exact]) Write(broken, form, $"{what}, {form}");
    }

    /// <summary>Changes the bytes of all matrices, and says how many there were.</summary>
    private static int Corrupt(string path, byte[] bytes, Action<Span<byte>> corrupt)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        StoredTensor[] blocks = [.. checkpoint.Files.Tensors.Where(tensor => StripMatrix.Takes(tensor.Type) || tensor.Type is WeightType.F16 or WeightType.BF16)];
        foreach (StoredTensor tensor in blocks) corrupt(bytes.AsSpan((int)tensor.Offset, (int)tensor.ByteLength));
        return blocks.Length;
    }

    private static void Write(string path, WeightForm form, string what)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        Transformer model = new(checkpoint.Config, checkpoint.Weights(form: form));
        using TensorScope.Lease scope = TensorScope.Begin();
        using KvCache cache = model.CreateCache();
        int[] next = [.. Enumerable.Range(0, 21)];
        for (int step = 0; step < 3; step++)
        {
            float[] logits = model.Forward(next, cache).AsSpan().ToArray();
            next = [Choose(logits[^s_config.VocabSize..], what)];
        }
    }

    private static int Choose(float[] logits, string what)
    {
        int token = 0;
        foreach (GenerationOptions options in (GenerationOptions[])[GenerationOptions.Greedy, new() { Seed = 1 }, new() { Seed = 1, TopK = 3, TopP = 1 }, new() { Seed = 1, MinP = 0.1f, RepetitionPenalty = 1.2f }])
        {
            Sampler sampler = new(options, logits.Length);
            sampler.Observe(3);
            bool possible = Array.Exists(logits, float.IsFinite) && !Array.Exists(logits, logit => float.IsNaN(logit) || float.IsPositiveInfinity(logit));
            if (possible) token = sampler.Sample(logits);
            else Should.Throw<ArithmeticException>(() => sampler.Sample(logits), what).Message.ShouldEndWith(Broken);
            token.ShouldBeInRange(0, logits.Length - 1, what);
            if (possible) float.IsFinite(logits[token]).ShouldBeTrue(what);
        }
        return token;
    }

    private string Model(string recipe)
    {
        QuantizationRecipe.TryFind(recipe, out QuantizationRecipe? found).ShouldBeTrue();
        string path = _temp.File("model.gguf");
        GgufExport.Write(new Transformer(s_config, new RandomWeights(1)), path, new GgufExportOptions { Recipe = found });
        return path;
    }
}
