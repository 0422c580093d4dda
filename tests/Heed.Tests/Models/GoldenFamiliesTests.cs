using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Every family's file, loaded and run, against the numbers that PyTorch computes for it.</summary>
public class GoldenFamiliesTests
{
    // The goldens are float64 rounded once; float32 runs of the same models stay within 2e-5 of them.
    private const double Tolerance = 1e-4;

    // Their frequencies depend on the length of the pass, so what is cached from shorter passes is another model's.
    private static readonly string[] LengthDependent = ["llama-ntk", "phi3-longrope"];

    public static TheoryData<string, string> Files()
    {
        TheoryData<string, string> files = [];
        foreach (string folder in Directory.EnumerateDirectories(TestData.Golden("models")).Order(StringComparer.Ordinal))
        {
            string family = Path.GetFileName(folder);
            if (!family.StartsWith("llama2c", StringComparison.Ordinal)) files.Add(family, "");
            foreach (string bin in Directory.EnumerateFiles(folder, "*.bin").Order(StringComparer.Ordinal)) files.Add(family, Path.GetFileName(bin));
        }
        return files;
    }

    /// <summary>The files whose greedy tokens are known: those of the float32 models.</summary>
    public static TheoryData<string, string> FloatFiles() => Where((_, file) => !IsQuantized(file));

    /// <summary>The files of models whose frequencies do not depend on the length of the pass.</summary>
    public static TheoryData<string, string> SteadyFiles() => Where((family, _) => !LengthDependent.Contains(family));

    [Fact]
    public void Files_Folder_HoldsTheFamilies() => Files().Count().ShouldBeGreaterThanOrEqualTo(25);

    [Theory, MemberData(nameof(Files))]
    public void Forward_MatchesPyTorch(string family, string file)
    {
        GoldenModel golden = new(family);
        using Checkpoint checkpoint = Checkpoint.Open(golden.PathOf(file));
        Transformer model = GoldenModel.Build(checkpoint);
        CheckLogits(model, golden, file);
    }

    [Theory, MemberData(nameof(Files))]
    public void Forward_DenseTensors_MatchesPyTorch(string family, string file)
    {
        GoldenModel golden = new(family);
        Transformer model;
        using (Checkpoint checkpoint = Checkpoint.Open(golden.PathOf(file))) model = GoldenModel.Build(checkpoint, dense: true);
        CheckLogits(model, golden, file);
    }

    [Theory, MemberData(nameof(Files))]
    public void Forward_ReferenceDevice_MatchesPyTorch(string family, string file)
    {
        GoldenModel golden = new(family);
        using Checkpoint checkpoint = Checkpoint.Open(golden.PathOf(file));
        Transformer model = GoldenModel.Build(checkpoint, Device.Reference);
        float[] expected = golden.Logits(LogitsOf(file))[0];
        GoldenModel.Error(GoldenModel.Forward(model, golden.Sequences[0]), expected).ShouldBeLessThan(Tolerance);
    }

    [Theory, MemberData(nameof(FloatFiles))]
    public void Greedy_MatchesPyTorch(string family, string file)
    {
        GoldenModel golden = new(family);
        using Checkpoint checkpoint = Checkpoint.Open(golden.PathOf(file));
        Transformer model = GoldenModel.Build(checkpoint);
        List<int> tokens = [.. golden.Prompt];
        for (int i = 0; i < golden.Greedy.Length; i++)
        {
            using Tensor logits = model.Forward([.. tokens]);
            tokens.Add(ArgMax(logits.ToArray()));
        }
        tokens[golden.Prompt.Length..].ShouldBe(golden.Greedy);
    }

    [Theory, MemberData(nameof(SteadyFiles))]
    public void CachedDecode_EveryStep_EqualsTheFullPassBitForBit(string family, string file)
    {
        GoldenModel golden = new(family);
        using Checkpoint checkpoint = Checkpoint.Open(golden.PathOf(file));
        Transformer model = GoldenModel.Build(checkpoint);
        float[] whole = GoldenModel.Forward(model, golden.Prompt);
        foreach (int chunk in (ReadOnlySpan<int>)[1, 3, 5])
        {
            using KvCache cache = model.CreateCache();
            List<float> pieces = [];
            for (int at = 0; at < golden.Prompt.Length; at += chunk)
            {
                int[] tokens = golden.Prompt[at..Math.Min(at + chunk, golden.Prompt.Length)];
                using Tensor logits = model.Forward(tokens, cache, rows: LogitRows.All);
                pieces.AddRange(logits.ToArray());
            }
            pieces.ToArray().ShouldBe(whole, $"chunks of {chunk}");
        }
    }

    [Fact]
    public void Forward_MetaLayout_EqualsHuggingFaceLayout()
    {
        GoldenModel hf = new("llama"), meta = new("meta-llama");
        using Checkpoint a = Checkpoint.Open(hf.PathOf("")), b = Checkpoint.Open(meta.PathOf(""));
        b.Config.RopeLayout.ShouldBe(RopeLayout.Interleaved);
        float[] x = GoldenModel.Forward(GoldenModel.Build(a), hf.Prompt), y = GoldenModel.Forward(GoldenModel.Build(b), hf.Prompt);
        // The pairs' order changes the order in which a score is summed, and nothing else.
        GoldenModel.Error(x, y).ShouldBeLessThan(1e-5);
    }

    [Fact]
    public void Forward_Llama2cVersions_AreBitEqual()
    {
        GoldenModel golden = new("llama2c");
        using Checkpoint v0 = Checkpoint.Open(golden.PathOf("model_v0.bin")), v1 = Checkpoint.Open(golden.PathOf("model_v1.bin"));
        GoldenModel.Forward(GoldenModel.Build(v0), golden.Prompt).ShouldBe(GoldenModel.Forward(GoldenModel.Build(v1), golden.Prompt));
    }

    [Fact]
    public void Forward_Gpt2Prefix_IsBitEqual()
    {
        GoldenModel golden = new("gpt2");
        using Checkpoint a = Checkpoint.Open(golden.PathOf("")), b = Checkpoint.Open(new GoldenModel("gpt2-prefixed").PathOf(""));
        GoldenModel.Forward(GoldenModel.Build(a), golden.Prompt).ShouldBe(GoldenModel.Forward(GoldenModel.Build(b), golden.Prompt));
    }

    internal static int ArgMax(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
            if (values[i] > values[best]) best = i;
        return best;
    }

    private static void CheckLogits(Transformer model, GoldenModel golden, string file)
    {
        float[][] expected = golden.Logits(LogitsOf(file));
        for (int i = 0; i < expected.Length; i++)
            GoldenModel.Error(GoldenModel.Forward(model, golden.Sequences[i]), expected[i]).ShouldBeLessThan(Tolerance, $"sequence {i}");
    }

    private static bool IsQuantized(string file) => file.Contains("q80", StringComparison.Ordinal);

    private static string LogitsOf(string file) => IsQuantized(file) ? "logits_q80_v2.f32" : "logits.f32";

    private static TheoryData<string, string> Where(Func<string, string, bool> holds)
    {
        TheoryData<string, string> files = [];
        foreach (object[] row in Files())
            if (holds((string)row[0], (string)row[1])) files.Add((string)row[0], (string)row[1]);
        return files;
    }
}
