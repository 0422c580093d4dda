using System.Globalization;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;
using Heed.Tokenizers;

namespace Heed.Tests.Models.Quantization;

/// <summary>What is left of a model in each recipe: the perplexities and texts of docs/quantization.md.</summary>
public sealed class QuantizedRunTests : IDisposable
{
    private const string Stories = "weights/stories260K/";
    private static readonly string s_shipped = Path.Combine(TestData.Repository, "models", "heed-stories");
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    public static TheoryData<string> Recipes => [.. QuantizationRecipe.All.Select(recipe => recipe.Name).Where(name => name != "f32")];

    /// <summary>
    /// Rounding 32 inputs to bytes with the scale max/127 errs by max/(127·√12) on average, so by 0.9 % of their root mean square
    /// where the largest is not above four times that, and a product's output errs by as much of its own. Four blocks of four products
    /// and the output layer are 17 errors that know nothing of each other: √17 · 0.9 % of the logits, if every product made all of the
    /// residual stream.
    /// </summary>
    [Theory, MemberData(nameof(Recipes))]
    public void Forward_FastAgainstExact_ErrsByTheRoundingOfInputs(string recipe)
    {
        using Checkpoint written = Quantized(s_shipped, recipe);
        int[] tokens = Tokens(120);
        float[] fast = GoldenModel.Forward(new Transformer(written.Config, written.Weights()), tokens);
        float[] exact = GoldenModel.Forward(new Transformer(written.Config, written.Weights(form: WeightForm.Exact)), tokens);
        double error = Rms(fast.Zip(exact, (a, b) => a - b)) / Rms(exact);
        error.ShouldBeLessThan(4.0 / 127 / Math.Sqrt(12) * Math.Sqrt(17));
    }

    /// <summary>On 17 stories that the model has not seen; the weights as they are have 2.0614.</summary>
    [Theory]
    [InlineData("f16", 2.0614), InlineData("bf16", 2.0614), InlineData("q8_0", 2.0627), InlineData("q6_k", 2.0629), InlineData("q5_k_m", 2.0595), InlineData("q5_k_s", 2.0603)]
    [InlineData("q5_1", 2.0647), InlineData("q5_0", 2.0639), InlineData("q4_k_m", 2.0659), InlineData("q4_k_s", 2.0619), InlineData("q4_1", 2.0643), InlineData("q4_0", 2.0713)]
    [InlineData("iq4_nl", 2.0676), InlineData("iq4_xs", 2.0687), InlineData("q3_k_l", 2.0682), InlineData("q3_k_m", 2.0704), InlineData("q3_k_s", 2.0805), InlineData("q2_k", 2.1149), InlineData("q2_k_s", 2.1970)]
    public void Loss_ShippedModel_IsWhatIsRecorded(string recipe, double recorded)
    {
        using Checkpoint written = Quantized(s_shipped, recipe);
        // A file's bytes are the same on every machine; what is left is float32's last digits.
        Perplexity(written, Tokens(2000)).ShouldBe(recorded, 0.003);
        string text = Shipped.Decode(GreedyIds(written, [.. Shipped.Encode("Once upon a time")], 32));
        text.ShouldStartWith(", there lived a ");
        if (recipe is "f16" or "bf16" or "q6_k")
            text.ShouldBe(", there lived a gentle butterfly named Molly in the orchard. She had a friend named Felix, a quiet butterfly. One day, Molly heard a tiny sound.");
    }

    /// <summary>Rows of 64 and 172 are no whole blocks of many types, so that others take their place. On 200 tokens that it wrote itself; 1.6055 as it is.</summary>
    [DataFact(Stories + "stories260K.bin", Stories + "stories260K_greedy.ids")]
    public void Loss_Stories260K_StaysNearThePlainModel()
    {
        int[] ids = [1, .. File.ReadAllText(TestData.Get(Stories + "stories260K_greedy.ids")).Split([' ', '\n', ','], StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
        foreach (QuantizationRecipe recipe in QuantizationRecipe.All)
        {
            using Checkpoint written = Quantized(TestData.Get(Stories + "stories260K.bin"), recipe.Name);
            int same = GreedyIds(written, [1], 200).Zip(ids.Skip(1)).TakeWhile(pair => pair.First == pair.Second).Count();
            double most = recipe.Name switch
            {
                "f32" or "f16" => 1.606,
                "bf16" or "q8_0" or "q6_k" => 1.61,
                "q4_0" => 1.73,
                "q5_k_m" or "q5_k_s" or "q5_1" or "q5_0" or "q4_k_m" or "q4_k_s" or "q4_1" => 1.64,
                _ => 1.68,
            };
            Perplexity(written, ids).ShouldBeInRange(1.6, most, recipe.Name);
            same.ShouldBeGreaterThanOrEqualTo(recipe.Name is "f32" or "f16" ? 200 : 20, recipe.Name);
        }
    }

    private Checkpoint Quantized(string path, string recipe)
    {
        using Checkpoint source = Checkpoint.Open(path);
        QuantizationRecipe.TryFind(recipe, out QuantizationRecipe? found).ShouldBeTrue();
        string file = _temp.File($"{recipe}.gguf");
        GgufExport.Write(source, file, new GgufExportOptions { Recipe = found });
        return Checkpoint.Open(file);
    }

    private static int[] Tokens(int most)
    {
        int[] tokens = [.. Shipped.Encode(File.ReadAllText(TestData.Golden("heldout-stories.txt")))];
        return tokens[..Math.Min(most, tokens.Length)];
    }

    private static Tokenizer Shipped { get; } = Tokenizer.Load(s_shipped);

    private static double Perplexity(Checkpoint checkpoint, int[] tokens)
    {
        Transformer model = new(checkpoint.Config, checkpoint.Weights());
        const int window = 256;
        double sum = 0;
        for (int at = 0; at < tokens.Length - 1; at += window)
        {
            int count = Math.Min(window, tokens.Length - 1 - at);
            using TensorScope scope = new();
            using TensorScope.Lease lease = scope.Enter();
            sum += model.Loss(tokens.AsSpan(at, count), tokens.AsSpan(at + 1, count)).Item() * count;
        }
        return Math.Exp(sum / (tokens.Length - 1));
    }

    private static int[] GreedyIds(Checkpoint checkpoint, int[] prompt, int count)
    {
        Transformer model = new(checkpoint.Config, checkpoint.Weights());
        using KvCache cache = model.CreateCache();
        List<int> made = [];
        int[] next = prompt;
        for (int i = 0; i < count; i++)
        {
            using Tensor logits = model.Forward(next, cache);
            float[] row = logits.ToArray();
            made.Add(Array.IndexOf(row, row.Max()));
            next = [made[^1]];
        }
        return [.. made];
    }

    private static double Rms(IEnumerable<float> values) => Math.Sqrt(values.Average(value => (double)value * value));
}
