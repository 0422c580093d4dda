using System.Diagnostics;
using System.Text.Json;
using Heed.Inference;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;
using Heed.Tokenizers;

namespace Heed.Tests.Models.Quantization;

/// <summary>llama.cpp, which none of this code comes from, loads what is written here and decodes it to the same tokens.</summary>
public sealed class LlamaCppTests : IDisposable
{
    private const int Count = 16;
    private static readonly string s_shipped = Path.Combine(TestData.Repository, "models", "heed-stories");
    private static readonly string[] s_prompts = ["Once upon a time", "One day, a little girl named"];

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [LlamaCppTheory]
    [InlineData("f16"), InlineData("bf16"), InlineData("q8_0"), InlineData("q6_k"), InlineData("q5_k_m"), InlineData("q5_1"), InlineData("q4_k_m")]
    [InlineData("q4_0"), InlineData("q4_1"), InlineData("iq4_nl"), InlineData("iq4_xs"), InlineData("q3_k_m"), InlineData("q2_k")]
    public void Decode_ShippedModelQuantized_MatchesLlamaCpp(string recipe)
    {
        using (Checkpoint source = Checkpoint.Open(s_shipped))
            GgufExport.Write(source, _temp.File("m.gguf"), new GgufExportOptions { Recipe = Recipe(recipe), Keys = GgufTokenizerKeys.Of(source) });

        Check(_temp.File("m.gguf"));
    }

    /// <summary>Random models of other families, under the shipped model's vocabulary.</summary>
    [LlamaCppTheory]
    [InlineData("llama"), InlineData("llama3"), InlineData("qwen2"), InlineData("qwen3"), InlineData("gpt2"), InlineData("phi3"), InlineData("yarn")]
    public void Decode_RandomModelOfAFamily_MatchesLlamaCpp(string family)
    {
        ModelConfig config = new() { HiddenSize = 256, IntermediateSize = 512, NumLayers = 2, NumHeads = 4, NumKvHeads = 2, VocabSize = 2048, MaxSeqLen = 512 };
        config = family switch
        {
            "llama3" => config with { RopeScaling = new RopeScaling(RopeScalingKind.Llama3, 8, 64), RopeTheta = 500000, TieEmbeddings = true },
            "qwen2" => config with { QkvBias = true, RopeLayout = RopeLayout.HalfSplit },
            "qwen3" => config with { QkNorm = true, HeadDim = 32, RopeLayout = RopeLayout.HalfSplit },
            "gpt2" => config with { Norm = NormKind.Layer, Positions = PositionKind.Learned, GatedFeedForward = false, Activation = Activation.GeluTanh, QkvBias = true, AttentionOutputBias = true, FeedForwardBias = true, NumKvHeads = 4, TieEmbeddings = true },
            "phi3" => config with { RotaryDim = 48, RopeLayout = RopeLayout.HalfSplit },
            "yarn" => config with { RopeScaling = new RopeScaling(RopeScalingKind.Yarn, 4, 128) },
            _ => config,
        };
        using (Checkpoint shipped = Checkpoint.Open(s_shipped))
            GgufExport.Write(new Transformer(config, new RandomWeights(11)), _temp.File("m.gguf"), new GgufExportOptions { Recipe = Recipe("f16"), Keys = GgufTokenizerKeys.Of(shipped) });

        Check(_temp.File("m.gguf"));
    }

    private static void Check(string path)
    {
        using JsonDocument theirs = JsonDocument.Parse(Decode(path));
        using LanguageModel model = LanguageModel.Load(path);
        for (int i = 0; i < s_prompts.Length; i++)
        {
            int[] tokens = Ints(theirs.RootElement[i].GetProperty("tokens")), next = Ints(theirs.RootElement[i].GetProperty("next"));
            model.Tokenizer.Encode(s_prompts[i]).ShouldBe(tokens);
            List<int> all = [.. tokens];
            for (int j = 0; j < next.Length; j++)
            {
                using Tensor logits = model.Transformer.Forward(all.ToArray());
                float[] scores = logits.ToArray();
                int best = Array.IndexOf(scores, scores.Max());
                // llama.cpp rounds activations to 8 bits for quantized weights: among near equals it may choose the other.
                if (best != next[j]) scores[next[j]].ShouldBeGreaterThan(scores[best] - Tie(scores), $"prompt {i}, token {j}: {best} here, {next[j]} there");
                all.Add(next[j]);
            }
        }
    }

    private static float Tie(float[] scores) => 0.02f * (scores.Max() - scores.Min());

    private static string Decode(string path)
    {
        ProcessStartInfo start = new("node") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in (string[])[TestData.Golden("llama_cpp/decode.mjs"), path, Count.ToString(System.Globalization.CultureInfo.InvariantCulture), .. s_prompts]) start.ArgumentList.Add(argument);
        using Process node = Process.Start(start)!;
        Task<string> errors = node.StandardError.ReadToEndAsync();
        string output = node.StandardOutput.ReadToEnd();
        node.WaitForExit(TimeSpan.FromMinutes(2)).ShouldBeTrue();
        node.ExitCode.ShouldBe(0, errors.Result);
        return output;
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32())];

    private static QuantizationRecipe Recipe(string name) => QuantizationRecipe.TryFind(name, out QuantizationRecipe? recipe) ? recipe : throw new ArgumentException(name);
}
