using Heed.Formats;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Tests.Formats;

namespace Heed.Tests.Models.Checkpoints;

public sealed class MetaShardsTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData(2, false, true), InlineData(4, false, true), InlineData(2, true, true), InlineData(4, true, true), InlineData(4, false, false), InlineData(4, true, false)]
    public void Open_SeveralFiles_AreTheModelOfOne(int files, bool tableByRows, bool half)
    {
        (string one, string several) = Write(files, tableByRows, half);
        using Checkpoint whole = Checkpoint.Open(one), joined = Checkpoint.Open(several);
        joined.Format.ShouldBe(CheckpointFormat.Meta);
        joined.Config.ShouldBe(whole.Config);
        joined.WeightBytes.ShouldBe(whole.WeightBytes);
        joined.Files.Tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.ShapeText)).ShouldBe(whole.Files.Tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.ShapeText)));
        for (int i = 0; i < whole.Files.Tensors.Count; i++) ShouldBeTheSame(whole.Files, whole.Files.Tensors[i], joined.Files, joined.Files.Tensors[i]);
        int[] tokens = [1, 2, 60, 3, 33];
        float[] expected = GoldenModel.Forward(GoldenModel.Build(whole), tokens);
        GoldenModel.Forward(GoldenModel.Build(joined), tokens).ShouldBe(expected);
        GoldenModel.Forward(GoldenModel.Build(joined, dense: true), tokens).ShouldBe(GoldenModel.Forward(GoldenModel.Build(whole, dense: true), tokens));
        GoldenModel.Error(GoldenModel.Forward(GoldenModel.Build(joined, exact: true), tokens), expected).ShouldBeLessThan(1e-6);
    }

    [Theory]
    [InlineData(1, false), InlineData(2, false), InlineData(4, false), InlineData(1, true), InlineData(2, true), InlineData(4, true)]
    public void Slices_OfFilesAtAnyCount_AreOfTheWhole(int files, bool tableByRows)
    {
        (string one, string several) = Write(files, tableByRows, half: true);
        using Checkpoint whole = Checkpoint.Open(one), joined = Checkpoint.Open(several);
        foreach (WeightForm form in Enum.GetValues<WeightForm>())
            foreach (LayerCut cut in Enum.GetValues<LayerCut>())
                foreach (int shares in (int[])[1, 2, 4, 8])
                    for (int share = 0; share < shares; share++)
                        SlicedLayers.ShouldBeOfTheWhole(whole.Config, whole.Weights(form: form), joined.Weights(form: form), cut, share, shares);
    }

    [Fact]
    public void Slice_OfAFilesOwnPart_StaysMapped()
    {
        (_, string folder) = Write(4, tableByRows: true, half: true);
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        IWeightSource weights = checkpoint.Weights(form: WeightForm.Exact);
        long Resident(int firstColumn, int columns)
        {
            long before = checkpoint.ResidentBytes;
            weights.Linear("blocks.0.feed_forward.down", 96, 32, slice: new([(0, 32)], firstColumn, columns));
            return checkpoint.ResidentBytes - before;
        }
        Resident(24, 24).ShouldBe(0);
        Resident(26, 8).ShouldBe(0);
        // Of two files: joined in memory.
        Resident(24, 48).ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Open_OneFileOfSeveral_StandsForAll()
    {
        (_, string folder) = Write(2, tableByRows: false, half: true);
        using Checkpoint checkpoint = Checkpoint.Open(Path.Combine(folder, "consolidated.01.pth"));
        checkpoint.Files.Path.ShouldBe(folder);
        checkpoint.Config.VocabSize.ShouldBe(64);
    }

    [Fact]
    public void GgufExport_OfSeveralFiles_WritesTheModelOfOne()
    {
        (string one, string several) = Write(4, tableByRows: false, half: true);
        foreach (string folder in (string[])[one, several])
        {
            using Checkpoint checkpoint = Checkpoint.Open(folder);
            GgufExport.Write(checkpoint, folder + ".gguf");
        }
        File.ReadAllBytes(several + ".gguf").ShouldBe(File.ReadAllBytes(one + ".gguf"));
    }

    [Fact]
    public void UseRepacked_FilesOfSlices_AreMappedAgain()
    {
        (_, string folder) = Write(2, tableByRows: false, half: true);
        string file = _temp.File("model.repacked");
        foreach (bool mapped in (bool[])[false, true])
        {
            using Checkpoint checkpoint = Checkpoint.Open(folder);
            checkpoint.UseRepacked(file).ShouldBe(mapped);
            GoldenModel.Build(checkpoint);
            checkpoint.SaveRepacked().IsMapped.ShouldBe(mapped);
        }
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(3)]
    public void Open_FileMissing_IsRefused(int missing)
    {
        (_, string folder) = Write(4, tableByRows: false, half: true);
        File.Delete(Path.Combine(folder, $"consolidated.{missing:00}.pth"));
        string message = Should.Throw<FileFormatException>(() => Checkpoint.Open(folder)).Message;
        // That the last one is missing only the sizes tell.
        message.ShouldContain(missing == 3 ? "Is a file missing?" : $"consolidated.{missing:00}.pth is absent");
    }

    [Fact]
    public void Open_OneFileWithoutItsOthers_IsRefused()
    {
        (_, string folder) = Write(2, tableByRows: false, half: true);
        File.Delete(Path.Combine(folder, "consolidated.01.pth"));
        Should.Throw<FileFormatException>(() => Checkpoint.Open(folder)).Message.ShouldContain("expected [");
    }

    [Theory]
    [InlineData("layers.1.attention_norm.weight", "other numbers"), InlineData("norm.weight", "other numbers"), InlineData("rope.freqs", "other numbers")]
    public void Open_NormsThatDiffer_AreRefused(string tensor, string expected) =>
        Refused(tensor, part => (part.Shape, [.. part.Values.Select((value, i) => i == 3 ? value + 1 : value)])).ShouldContain(expected);

    [Theory]
    [InlineData("layers.0.attention.wo.weight"), InlineData("tok_embeddings.weight"), InlineData("norm.weight"), InlineData("output.weight")]
    public void Open_PartsThatDoNotFit_AreRefused(string tensor)
    {
        Refused(tensor, part => null).ShouldContain("is absent; consolidated.00.pth has it");
        Refused(tensor, part => ([1, .. part.Shape], part.Values)).ShouldContain("in consolidated.00.pth it is BF16");
        Refused(tensor, part => ([.. part.Shape[..^1], part.Shape[^1] / 2], part.Values[..(part.Values.Length / 2)])).ShouldContain("in consolidated.00.pth it is BF16");
    }

    [Fact]
    public void Open_TensorThatNoFileShouldHave_IsRefused()
    {
        MetaModel model = new(tableByRows: false) { Damage = (name, file, part) => name == "layers.1.ffn_norm.weight" && file == 0 ? null : part };
        model.Write(_temp.File("extra"), 2);
        FileFormatException error = Should.Throw<FileFormatException>(() => MetaCheckpoint.Open(_temp.File("extra")));
        error.Message.ShouldContain("is not in consolidated.00.pth");
        error.Item.ShouldBe("layers.1.ffn_norm.weight");
    }

    private (string One, string Several) Write(int files, bool tableByRows, bool half)
    {
        MetaModel model = new(tableByRows);
        model.Write(_temp.File("one"), 1, half);
        model.Write(_temp.File("several"), files, half);
        return (_temp.File("one"), _temp.File("several"));
    }

    private string Refused(string tensor, Func<(int[] Shape, float[] Values), (int[] Shape, float[] Values)?> damage)
    {
        MetaModel model = new(tableByRows: false) { Damage = (name, file, part) => name == tensor && file == 1 ? damage(part) : part };
        model.Write(_temp.File("refused"), 2);
        FileFormatException error = Should.Throw<FileFormatException>(() => MetaCheckpoint.Open(_temp.File("refused")));
        error.Item.ShouldBe(tensor);
        error.Path.ShouldEndWith("consolidated.01.pth");
        return error.Message;
    }

    private static void ShouldBeTheSame(TensorFile whole, StoredTensor expected, TensorFile joined, StoredTensor actual)
    {
        float[] a = new float[expected.ElementCount], b = new float[a.Length];
        whole.ReadFloats(expected, 0, a);
        joined.ReadFloats(actual, 0, b);
        b.ShouldBe(a, actual.Name);
        // From anywhere to anywhere, over the borders of parts.
        int first = a.Length / 3, count = a.Length / 2;
        joined.ReadFloats(actual, first, b.AsSpan(0, count));
        b[..count].ShouldBe(a[first..(first + count)], actual.Name);
        int bytes = (int)expected.ByteLength;
        joined.Bytes(actual, 0, bytes).SequenceEqual(whole.Bytes(expected, 0, bytes)).ShouldBeTrue(actual.Name);
        for (int at = 0; at < bytes; at += bytes / 5)
            joined.Bytes(actual, at, (bytes - at) / 2).SequenceEqual(whole.Bytes(expected, at, (bytes - at) / 2)).ShouldBeTrue(actual.Name);
    }
}
