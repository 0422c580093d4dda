using System.Globalization;
using System.Text;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;

namespace Heed.Tests.Models.Checkpoints;

/// <summary>Checkpoints that others made, against the text that llama2.c generates with them.</summary>
public class RealCheckpointTests
{
    private const string Folder = "weights/stories260K/";
    private const string V0 = Folder + "stories260K.bin", V1 = Folder + "stories260K_v1.bin", V2 = Folder + "stories260K_q80_v2.bin";
    private const string Gguf = Folder + "tinyllamas-stories-260k-f32.gguf", Ids = Folder + "stories260K_greedy.ids";
    private const string Tiny = "weights/llama-2-tiny-random.gguf", Torch = "weights/torchtune_tiny_fair_checkpoint.pt";

    [DataTheory(V0, V1, Gguf, Ids)]
    [InlineData(V0), InlineData(V1), InlineData(Gguf)]
    public void Greedy_Stories260K_MatchesLlama2c(string file)
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Get(file));
        checkpoint.Config.TieEmbeddings.ShouldBeTrue();
        CheckGreedy(checkpoint);
    }

    [DataTheory(V1, Gguf, Ids)]
    [InlineData(V1), InlineData(Gguf)]
    public void Row18_Greedy_Stories260KExported_MatchesLlama2c(string file)
    {
        using TempFolder temp = new();
        using (Checkpoint checkpoint = Checkpoint.Open(TestData.Get(file)))
            HuggingFaceExport.Write(new Transformer(checkpoint.Config, checkpoint.Weights()), temp.Root, new HuggingFaceExportOptions { BosToken = 1, EosTokens = [2] });
        using Checkpoint exported = Checkpoint.Open(temp.Root);
        exported.Config.RopeLayout.ShouldBe(RopeLayout.HalfSplit);
        CheckGreedy(exported);
    }

    [DataFact(V2)]
    public void Forward_Stories260KInt8_IsNearTheFloats()
    {
        using Checkpoint exact = Checkpoint.Open(TestData.Get(V1)), rounded = Checkpoint.Open(TestData.Get(V2));
        int[] tokens = [1, 403, 407, 261, 378];
        float[] a = GoldenModel.Forward(GoldenModel.Build(exact), tokens), b = GoldenModel.Forward(GoldenModel.Build(rounded), tokens);
        GoldenModel.Error(b, a).ShouldBeInRange(1e-5, 0.1);
    }

    [DataFact(Tiny)]
    public void Forward_TinyRandomGguf_Runs()
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Get(Tiny));
        checkpoint.Config.TieEmbeddings.ShouldBeFalse();
        Transformer model = new(checkpoint.Config, checkpoint.Weights());
        float[] mapped = GoldenModel.Forward(model, [1, 15043, 3186]);
        mapped.Length.ShouldBe(3 * 32000);
        mapped.ShouldAllBe(value => float.IsFinite(value));
        GoldenModel.Error(GoldenModel.Forward(new Transformer(checkpoint.Config, checkpoint.Weights(form: WeightForm.Dense)), [1, 15043, 3186]), mapped).ShouldBeLessThan(1e-5);
    }

    [DataFact(Torch)]
    public void Forward_TorchtuneCheckpoint_RunsWithParametersBesideIt()
    {
        using TempFolder temp = new();
        File.Copy(TestData.Get(Torch), temp.File("tiny.pt"));
        temp.Write("params.json", Encoding.UTF8.GetBytes("""{"dim": 32, "n_layers": 2, "n_heads": 4, "n_kv_heads": 4, "hidden_dim": 256, "vocab_size": -1, "norm_eps": 1e-5}"""));
        using Checkpoint checkpoint = Checkpoint.Open(temp.File("tiny.pt"));
        checkpoint.Config.VocabSize.ShouldBe(500);
        float[] logits = GoldenModel.Forward(new Transformer(checkpoint.Config, checkpoint.Weights()), [5, 499, 0]);
        logits.ShouldAllBe(value => float.IsFinite(value));
    }

    [DataFact("tokenizers/ggml-vocab-llama-spm.gguf")]
    public void Open_VocabularyAlone_SaysThatThereIsNoModel() =>
        Should.Throw<FileFormatException>(() => Checkpoint.Open(TestData.Get("tokenizers/ggml-vocab-llama-spm.gguf"))).Message.ShouldContain("no tensors");

    private static void CheckGreedy(Checkpoint checkpoint)
    {
        int[] expected = [.. File.ReadAllText(TestData.Get(Ids)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
        expected.Length.ShouldBeGreaterThanOrEqualTo(200);
        Transformer model = new(checkpoint.Config, checkpoint.Weights());
        using KvCache cache = model.CreateCache();
        int start = expected[0] == 1 ? 1 : 0, token = 1;
        List<int> actual = start == 1 ? [1] : [];
        while (actual.Count < expected.Length)
        {
            using Tensor logits = model.Forward([token], cache);
            token = GoldenFamiliesTests.ArgMax(logits.ToArray());
            actual.Add(token);
        }
        actual.ShouldBe(expected);
    }
}
