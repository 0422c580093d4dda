using Heed.Formats;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;
using Folder = Heed.Models.Checkpoints.ModelFolder;

namespace Heed.Tests.Models.Quantization;

public sealed class AffineModelTests : IDisposable
{
    private static readonly int[] s_tokens = [1, 5, 9, 2, 30, 17];
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    public static TheoryData<string, bool> Cases
    {
        get
        {
            TheoryData<string, bool> all = [];
            foreach (string scheme in (string[])["tensor", "channel", "group"])
                foreach (bool tied in (bool[])[false, true]) all.Add(scheme, tied);
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Write_AffineFolder_RunsAsTheModelInMemoryToTheBit(string name, bool tied)
    {
        ModelConfig config = Config(tied);
        Transformer dense = new(config, new RandomWeights(1));
        using AffineWeightSource source = new(new RandomWeights(1), Scheme(name));
        Transformer memory = new(config, source);
        Folder.Write(dense, _temp.File("a"), Options(name));
        Folder.Write(memory, _temp.File("b"), Options(name));

        using Checkpoint checkpoint = Checkpoint.Open(_temp.File("a"));
        checkpoint.Format.ShouldBe(CheckpointFormat.Heed);
        checkpoint.Config.ShouldBe(config with { NumKvHeads = config.NumKvHeads });
        float[] logits = GoldenModel.Forward(memory, s_tokens);
        GoldenModel.Forward(new Transformer(checkpoint.Config, checkpoint.Weights()), s_tokens).ShouldBe(logits);
        // What is affine already is copied.
        File.ReadAllBytes(_temp.File("b/model.safetensors")).ShouldBe(File.ReadAllBytes(_temp.File("a/model.safetensors")));
        File.ReadAllText(_temp.File("a/config.json")).ShouldContain("\"format_version\": 2");
        source.Bytes.ShouldBeLessThan(dense.Parameters.Sum(parameter => parameter.Value.ElementCount) * 2);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Load_ExactOrDense_GivesTheNumbersThatTheCodesMean(string name, bool tied)
    {
        Transformer dense = new(Config(tied), new RandomWeights(1));
        Folder.Write(dense, _temp.Root, Options(name));
        using Checkpoint checkpoint = Checkpoint.Open(_temp.Root);
        Transformer exact = new(checkpoint.Config, checkpoint.Weights(form: WeightForm.Exact)), trained = new(checkpoint.Config, checkpoint.Weights(form: WeightForm.Dense));

        float[] logits = GoldenModel.Forward(exact, s_tokens);
        GoldenModel.Error(GoldenModel.Forward(trained, s_tokens), logits).ShouldBeLessThan(1e-5);
        // Eight bits of weights, and of inputs.
        GoldenModel.Error(logits, GoldenModel.Forward(dense, s_tokens)).ShouldBeLessThan(0.02);
        GoldenModel.Error(GoldenModel.Forward(new Transformer(checkpoint.Config, checkpoint.Weights()), s_tokens), logits).ShouldBeLessThan(0.02);
    }

    [Fact]
    public void Write_RowsThatAreNoWholeBlocks_StayPlain()
    {
        Transformer model = new(Config(tied: true) with { IntermediateSize = 72 }, new RandomWeights(1));
        Folder.Write(model, _temp.Root, Options("group"));
        using Checkpoint checkpoint = Checkpoint.Open(_temp.Root);
        checkpoint.Files.TryGet("blocks.0.feed_forward.down.weight", out StoredTensor? down).ShouldBeTrue();
        down!.Type.ShouldBe(WeightType.F32);
        checkpoint.Files.TryGet("blocks.0.feed_forward.up.weight", out StoredTensor? up).ShouldBeTrue();
        up!.Type.ShouldBe(WeightType.U8);
        GoldenModel.Forward(new Transformer(checkpoint.Config, checkpoint.Weights()), s_tokens).ShouldAllBe(value => float.IsFinite(value));
    }

    [Fact]
    public void Export_AffineToAFamily_IsRefused()
    {
        Transformer model = new(Config(tied: true), new RandomWeights(1));
        Should.Throw<ArgumentException>(() => HuggingFaceExport.Write(model, _temp.File("m"), Options("tensor"))).Message.ShouldContain("ModelFolder writes them");
        Directory.Exists(_temp.File("m")).ShouldBeFalse();
        ((DenseLinear)model.Blocks[0].FeedForward.Down).Weight.AsSpan()[3] = float.PositiveInfinity;
        Should.Throw<NotSupportedException>(() => Folder.Write(model, _temp.File("m"), Options("tensor"))).Message.ShouldContain("'blocks.0.feed_forward.down.weight', AffineQuantization: row 0");
        Directory.Exists(_temp.File("m")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("scale", "there are no 'blocks.0.attention.output.weight.scale'")]
    [InlineData("shape", "expected F32 and U8 of one shape")]
    public void Open_WithoutFittingScales_NamesThem(string what, string message)
    {
        SafetensorsWriter writer = new();
        Folder.Write(new Transformer(Config(tied: true), new RandomWeights(1)), _temp.Root, Options("channel"));
        using (SafetensorsFile good = SafetensorsFile.Open(_temp.File("model.safetensors")))
        {
            foreach (StoredTensor tensor in good.Tensors)
            {
                bool hit = tensor.Name == "blocks.0.attention.output.weight.scale";
                if (hit && what == "scale") continue;
                byte[] bytes = good.Bytes(tensor, 0, (int)tensor.ByteLength).ToArray();
                if (hit) writer.Add(tensor.Name, WeightType.F32, [2], stream => stream.Write(bytes.AsSpan(0, 8)));
                else writer.Add(tensor.Name, tensor.Type, tensor.Shape, stream => stream.Write(bytes));
            }
        }
        writer.Save(_temp.File("model.safetensors"));
        Should.Throw<FileFormatException>(() => Checkpoint.Open(_temp.Root)).Message.ShouldContain(message);
    }

    [Fact]
    public void Open_DamagedScales_RunsWithoutCrashing()
    {
        Folder.Write(new Transformer(Config(tied: false), new RandomWeights(1)), _temp.Root, Options("group"));
        byte[] file = File.ReadAllBytes(_temp.File("model.safetensors"));
        int start = 8 + BitConverter.ToInt32(file);
        new Random(1).NextBytes(file.AsSpan(start));
        File.WriteAllBytes(_temp.File("model.safetensors"), file);
        using Checkpoint checkpoint = Checkpoint.Open(_temp.Root);
        foreach (WeightForm form in Enum.GetValues<WeightForm>())
            GoldenModel.Forward(new Transformer(checkpoint.Config, checkpoint.Weights(form: form)), s_tokens).Length.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Write_AffineFolderToGguf_QuantizesWhatTheCodesMean()
    {
        Folder.Write(new Transformer(Config(tied: false), new RandomWeights(1)), _temp.File("a"), Options("group"));
        using Checkpoint affine = Checkpoint.Open(_temp.File("a"));
        QuantizationRecipe.TryFind("f32", out QuantizationRecipe? recipe);
        GgufExport.Write(affine, _temp.File("m.gguf"), new GgufExportOptions { Recipe = recipe });
        using Checkpoint gguf = Checkpoint.Open(_temp.File("m.gguf"));
        GoldenModel.Error(GoldenModel.Forward(new Transformer(gguf.Config, gguf.Weights()), s_tokens),
            GoldenModel.Forward(new Transformer(affine.Config, affine.Weights(form: WeightForm.Exact)), s_tokens)).ShouldBeLessThan(1e-5);
    }

    private static ModelConfig Config(bool tied) => new()
    {
        HiddenSize = 64,
        IntermediateSize = 96,
        NumLayers = 2,
        NumHeads = 4,
        NumKvHeads = 2,
        VocabSize = 50,
        MaxSeqLen = 64,
        TieEmbeddings = tied,
        RopeLayout = RopeLayout.HalfSplit,
    };

    private static AffineScheme Scheme(string name) => name switch
    {
        "tensor" => AffineScheme.PerTensor,
        "channel" => AffineScheme.PerChannel,
        _ => AffineScheme.PerGroup(),
    };

    private static HuggingFaceExportOptions Options(string name) => new() { Affine = Scheme(name) };
}
