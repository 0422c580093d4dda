using Heed.Formats;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Tests.Formats;

namespace Heed.Tests.Models.Quantization;

public sealed class ImportanceMatrixTests : IDisposable
{
    private static readonly string s_shipped = Path.Combine(TestData.Repository, "models", "heed-stories");
    private static readonly int[] s_text = [.. Enumerable.Range(0, 600).Select(i => i * 37 % 2000)];
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Load_WhatSaveWrote_QuantizesToTheSameBytes()
    {
        using Checkpoint shipped = Checkpoint.Open(s_shipped);
        ImportanceMatrix measured = ImportanceMatrix.Measure(shipped, s_text, window: 128);
        measured.Save(_temp.File("i.gguf"), shipped.Config, ["a text"]);
        ImportanceMatrix loaded = ImportanceMatrix.Load(_temp.File("i.gguf"), shipped.Config);

        (loaded.Tokens, loaded.Window).ShouldBe((600, 128));
        loaded.Layers.ShouldBe(measured.Layers, ignoreOrder: true);
        foreach ((string name, ImportanceMatrix? importance) in ((string, ImportanceMatrix?)[])[("a", measured), ("b", loaded), ("c", null)])
            GgufExport.Write(shipped, _temp.File(name), new GgufExportOptions { Recipe = Recipe("q2_k"), Importance = importance });
        File.ReadAllBytes(_temp.File("b")).ShouldBe(File.ReadAllBytes(_temp.File("a")));
        File.ReadAllBytes(_temp.File("c")).ShouldNotBe(File.ReadAllBytes(_temp.File("a")));
    }

    [Fact]
    public void Save_ShippedModel_HasTheNamesAndShapesOfLlamaCpp()
    {
        using Checkpoint shipped = Checkpoint.Open(s_shipped);
        ImportanceMatrix.Measure(shipped, s_text.AsSpan(0, 300), window: 100).Save(_temp.File("i.gguf"), shipped.Config, ["a text"]);
        using GgufFile file = GgufFile.Open(_temp.File("i.gguf"));
        file.Metadata.GetString("general.type").ShouldBe("imatrix");
        file.Metadata.GetStrings("imatrix.datasets").ShouldBe(["a text"]);
        (file.Metadata.GetInt("imatrix.chunk_count"), file.Metadata.GetInt("imatrix.chunk_size")).ShouldBe((3, 100));
        string[] names = [.. Enumerable.Range(0, 4).SelectMany(block => new[] { "attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down" }.Select(part => $"blk.{block}.{part}.weight")), "token_embd.weight"];
        file.Tensors.Select(tensor => tensor.Name).ShouldBe(names.SelectMany(name => new[] { $"{name}.in_sum2", $"{name}.counts" }), ignoreOrder: true);
        Floats(file, "token_embd.weight.counts").ShouldBe([300], "all tokens make logits, not a window's last alone");
        Floats(file, "blk.1.ffn_down.weight.in_sum2").Length.ShouldBe(704);
        // ggml reads whole units of alignment.
        (new FileInfo(_temp.File("i.gguf")).Length % 32).ShouldBe(0);
    }

    [Fact]
    public void Measure_Inputs_AreTheirSumsOfSquares()
    {
        ModelConfig config = Tiny;
        GgufExport.Write(new Transformer(config, new RandomWeights(3)), _temp.File("m.gguf"), new GgufExportOptions { Recipe = Recipe("f32") });
        using Checkpoint checkpoint = Checkpoint.Open(_temp.File("m.gguf"));
        int[] tokens = [1, 4, 9, 2];
        ImportanceMatrix measured = ImportanceMatrix.Measure(checkpoint, tokens);
        // The last norm's output makes the logits; its rows have a mean square of 1.
        measured.Of(WeightNames.Output, config.HiddenSize)!.Sum().ShouldBe(config.HiddenSize, 0.01);
        measured.Of(WeightNames.Embedding, config.HiddenSize).ShouldBeNull("the table is another matrix, and only looked up");
    }

    [Fact]
    public void Load_FilesOfLlamaCpp_MayBeFlatOrLackMatrices()
    {
        GgufKeys keys = new();
        keys.Set("general.type", "imatrix");
        GgufWriter writer = new(keys);
        Add(writer, "blk.0.attn_v.weight", [.. Enumerable.Range(0, 16).Select(i => 8f * i)], 4);
        Add(writer, "blk.1.ffn_down.weight", new float[32], 0);
        writer.Save(_temp.File("i.gguf"));
        ImportanceMatrix loaded = ImportanceMatrix.Load(_temp.File("i.gguf"), Tiny);
        loaded.Layers.ShouldBe(["blocks.0.attention.qkv"]);
        loaded.Of("blocks.0.attention.qkv", 16).ShouldBe(Enumerable.Range(0, 16).Select(i => 2f * i));
    }

    [Theory]
    [InlineData("model", 16, 1f, "general.type is 'model'; an importance matrix has 'imatrix'")]
    [InlineData("imatrix", 16, float.NaN, "number 3 is NaN; expected 0 or more")]
    [InlineData("imatrix", 16, -1f, "number 3 is -1")]
    [InlineData("imatrix", 12, 1f, "has 12 sums; the model's matrix has 16 columns")]
    public void Load_WhatIsNoImportanceOfTheModel_IsRefused(string type, int columns, float third, string message)
    {
        GgufKeys keys = new();
        keys.Set("general.type", type);
        GgufWriter writer = new(keys);
        float[] sums = new float[columns];
        sums[3] = third;
        Add(writer, "blk.0.attn_q.weight", sums, 1);
        writer.Save(_temp.File("i.gguf"));
        Should.Throw<FileFormatException>(() => ImportanceMatrix.Load(_temp.File("i.gguf"), Tiny)).Message.ShouldContain(message);
    }

    [Fact]
    public void Load_OfAnotherModel_IsRefused()
    {
        GgufKeys keys = new();
        keys.Set("general.type", "imatrix");
        GgufWriter writer = new(keys);
        Add(writer, "blk.77.attn_q.weight", new float[16], 1);
        writer.Save(_temp.File("i.gguf"));
        Should.Throw<FileFormatException>(() => ImportanceMatrix.Load(_temp.File("i.gguf"), Tiny)).Message.ShouldContain("none of its 2 tensors belongs");
    }

    private static ModelConfig Tiny => new() { NormEpsilon = 1e-10f, HiddenSize = 16, IntermediateSize = 32, NumLayers = 2, NumHeads = 2, NumKvHeads = 1, VocabSize = 20, MaxSeqLen = 32, RopeLayout = RopeLayout.Interleaved };

    private static QuantizationRecipe Recipe(string name)
    {
        QuantizationRecipe.TryFind(name, out QuantizationRecipe? recipe).ShouldBeTrue();
        return recipe!;
    }

    private static float[] Floats(GgufFile file, string name)
    {
        file.TryGet(name, out StoredTensor? tensor).ShouldBeTrue();
        float[] values = new float[tensor!.ElementCount];
        file.ReadFloats(tensor, 0, values);
        return values;
    }

    private static void Add(GgufWriter writer, string name, float[] sums, float count)
    {
        writer.Add($"{name}.in_sum2", WeightType.F32, [sums.Length], stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(sums)));
        writer.Add($"{name}.counts", WeightType.F32, [1], stream => stream.Write(BitConverter.GetBytes(count)));
    }
}
