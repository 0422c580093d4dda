using Heed.Formats;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;
using static Heed.Tests.Models.SlicedLayers;
using Folder = Heed.Models.Checkpoints.ModelFolder;

namespace Heed.Tests.Models.Checkpoints;

public sealed class CheckpointSliceTests : IDisposable
{
    private static readonly ModelConfig s_config = new()
    {
        HiddenSize = 512,
        IntermediateSize = 768,
        NumLayers = 1,
        NumHeads = 8,
        NumKvHeads = 4,
        VocabSize = 53,
        MaxSeqLen = 32,
    };

    private readonly TempFolder _temp = new();

    public static TheoryData<string> Recipes => [.. QuantizationRecipe.All.Select(recipe => recipe.Name)];

    public void Dispose() => _temp.Dispose();

    [Theory, MemberData(nameof(Recipes))]
    public void Slices_OfEveryTypeAndForm_AreOfTheWhole(string recipe)
    {
        // Rows of 512 and 768 in parts of 256, the largest blocks.
        string path = Gguf(recipe, s_config);
        using Checkpoint checkpoint = Checkpoint.Open(path);
        foreach (WeightForm form in Enum.GetValues<WeightForm>())
        {
            Compare(checkpoint, form, LayerCut.Rows, 1, 3);
            foreach (ModelLayer layer in ModelLayer.Of(checkpoint.Config)) (layer.Columns % 256 is 0 or 1).ShouldBeTrue();
            Compare(checkpoint, form, LayerCut.Columns, 1, 2, width: 256);
            Compare(checkpoint, form, LayerCut.Ranges, 0, 2, width: 256);
        }
    }

    [Theory]
    [InlineData("llama", ""), InlineData("gpt2", ""), InlineData("llama-bf16-sharded", ""), InlineData("llama-f16", ""), InlineData("qwen2", ""), InlineData("gemma2", "")]
    [InlineData("phi3", ""), InlineData("smollm", ""), InlineData("meta-llama", ""), InlineData("llama2c", "model_v0.bin"), InlineData("llama2c", "model_q80_v2.bin")]
    public void Slices_OfEveryFormat_AreOfTheWhole(string family, string file)
    {
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel(family).PathOf(file));
        foreach (WeightForm form in Enum.GetValues<WeightForm>())
            foreach (LayerCut cut in Enum.GetValues<LayerCut>())
                foreach (int shares in (int[])[1, 2, 4])
                    for (int share = 0; share < shares; share++) Compare(checkpoint, form, cut, share, shares);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(32), InlineData(128)]
    public void Slices_OfAffineMatrices_AreOfTheWhole(int group)
    {
        AffineScheme scheme = group switch { 0 => AffineScheme.PerTensor, 1 => AffineScheme.PerChannel, _ => AffineScheme.PerGroup(group) };
        Folder.Write(new Transformer(s_config, new RandomWeights(1)), _temp.File("model"), new HuggingFaceExportOptions { Affine = scheme });
        using Checkpoint checkpoint = Checkpoint.Open(_temp.File("model"));
        foreach (WeightForm form in Enum.GetValues<WeightForm>())
            // 512 and 768 columns in eighths: of 64 and 96, which cut groups of 128.
            foreach (LayerCut cut in Enum.GetValues<LayerCut>()) Compare(checkpoint, form, cut, 3, 8);
        string message = Should.Throw<ArgumentException>(() => checkpoint.Weights().Linear("blocks.0.feed_forward.down", 768, 512, slice: new MatrixSlice([(0, 512)], 0, 48))).Message;
        foreach (string part in (string[])["blocks.0.feed_forward.down.weight", "columns 0 to 47", "block of 32"]) message.ShouldContain(part);
    }

    [Theory, InlineData("q8_0", 32), InlineData("q4_k_s", 256)]
    public void Slice_ColumnsInsideABlock_IsRefused(string recipe, int block)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Gguf(recipe, s_config));
        foreach (WeightForm form in Enum.GetValues<WeightForm>())
        {
            IWeightSource weights = checkpoint.Weights(form: form);
            foreach ((int first, int count) in ((int, int)[])[(0, block / 2), (block / 2, block), (block, block + 1)])
            {
                string message = Should.Throw<ArgumentException>(() => weights.Linear("blocks.0.feed_forward.down", 768, 512, slice: new MatrixSlice([(0, 512)], first, count))).Message;
                foreach (string part in (string[])["blk.0.ffn_down.weight", $"block of {block} columns", $"columns {first} to {first + count - 1}", "[512, 768]"]) message.ShouldContain(part);
            }
        }
    }

    [Fact]
    public void Slice_OutsideTheLayer_IsRefused()
    {
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel("llama").PathOf(""));
        IWeightSource weights = checkpoint.Weights();
        int hidden = checkpoint.Config.HiddenSize;
        Should.Throw<ArgumentException>(() => weights.Linear("blocks.0.attention.output", hidden, hidden, slice: new MatrixSlice([(1, hidden)]))).Message.ShouldContain("blocks.0.attention.output");
        Should.Throw<ArgumentException>(() => weights.Tensor("norm.weight", new Shape(hidden), new MatrixSlice([(hidden, 1)]))).Message.ShouldContain("norm.weight");
        Should.Throw<ArgumentException>(() => weights.Embedding(WeightNames.Embedding, checkpoint.Config.VocabSize, hidden, new MatrixSlice([(0, 0)]))).Message.ShouldContain("embedding");
    }

    [Theory, InlineData("f32"), InlineData("f16"), InlineData("q8_0"), InlineData("q4_k_m")]
    public void Progress_OfSlices_CountsTheirBytes(string recipe)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Gguf(recipe, s_config));
        foreach (WeightForm form in Enum.GetValues<WeightForm>())
        {
            double last = 0;
            object gate = new();
            Progress progress = new(share =>
            {
                lock (gate) last = Math.Max(last, share);
            });
            IWeightSource weights = checkpoint.Weights(form: form, progress: progress);
            foreach (ModelLayer layer in ModelLayer.Of(checkpoint.Config))
            {
                last.ShouldBeLessThan(1, layer.Name);
                Ask(weights, layer, Of(layer, LayerCut.Rows, 0, 2));
            }
            last.ShouldBeGreaterThan(0.999);
        }
    }

    /// <summary>Of a table of 32 MiB an eighth is read; what of the mapped file is in this process's memory tells.</summary>
    [Fact]
    public void Slice_OfATable_TouchesNothingElseOfTheFile()
    {
        if (!OperatingSystem.IsLinux()) return;
        const int rows = 16384, columns = 512;
        Folder.Write(new Transformer(s_config with { VocabSize = rows, HiddenSize = columns, IntermediateSize = 32, NumHeads = 1, NumKvHeads = 1, HeadDim = 8 }, new RandomWeights(1)), _temp.File("model"));
        using Checkpoint checkpoint = Checkpoint.Open(_temp.File("model"));
        IWeightSource weights = checkpoint.Weights(form: WeightForm.Dense);
        long before = Resident("model.safetensors");
        weights.Embedding(WeightNames.Embedding, rows, columns, new MatrixSlice([(rows / 2, rows / 8)]));
        long slice = (long)rows / 8 * columns * sizeof(float), touched = Resident("model.safetensors") - before;
        touched.ShouldBeInRange(slice / 2, slice + (2 << 20));
    }

    [Fact]
    public void UseRepacked_SlicesOfTheSameSize_AreKeptApart()
    {
        string path = Gguf("q8_0", s_config), file = _temp.File("m.repacked");
        ModelLayer down = ModelLayer.Of(s_config).Single(layer => layer.Name == "blocks.0.feed_forward.down");
        float[][] RowsOf(int share)
        {
            using Checkpoint checkpoint = Checkpoint.Open(path);
            checkpoint.UseRepacked(file);
            Linear layer = checkpoint.Weights().Linear(down.Name, 768, 512, slice: Of(down, LayerCut.Columns, share, 3));
            float[][] rows = [.. Enumerable.Range(0, 512).Select(row => new float[256])];
            for (int i = 0; i < rows.Length; i++) LayerRows.Of(layer)(i, rows[i]);
            checkpoint.SaveRepacked();
            return rows;
        }
        float[][] first = RowsOf(0), second = RowsOf(1);
        second.ShouldNotBe(first);
        RowsOf(1).ShouldBe(second);
        RowsOf(0).ShouldBe(first);
    }

    private static void Compare(Checkpoint checkpoint, WeightForm form, LayerCut cut, int share, int shares, int width = 0)
    {
        IWeightSource whole = checkpoint.Weights(form: form), sliced = checkpoint.Weights(form: form);
        foreach (ModelLayer layer in ModelLayer.Of(checkpoint.Config))
            ShouldBeOfTheWhole(layer, whole, sliced, cut, width == 0 || layer.Columns <= width ? share : Math.Min(share, (int)layer.Columns / width - 1), width == 0 || layer.Columns <= width ? shares : (int)layer.Columns / width);
    }

    private static void Ask(IWeightSource weights, ModelLayer layer, MatrixSlice slice)
    {
        int rows = (int)layer.Rows, columns = (int)layer.Columns;
        if (layer.Kind == ModelLayerKind.Linear) weights.Linear(layer.Name, columns, rows, layer.Bias, slice);
        else if (layer.Kind == ModelLayerKind.Embedding) weights.Embedding(layer.Name, rows, columns, slice);
        else weights.Tensor(layer.Name + ".weight", new Shape(rows), slice.OfRows());
    }

    private string Gguf(string recipe, ModelConfig config)
    {
        string path = _temp.File($"{recipe}.gguf");
        QuantizationRecipe.TryFind(recipe, out QuantizationRecipe? found).ShouldBeTrue();
        GgufExport.Write(new Transformer(config, new RandomWeights(1)), path, new GgufExportOptions { Recipe = found });
        return path;
    }

    private static long Resident(string file)
    {
        long bytes = 0;
        bool inside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            if (line.Contains('-', StringComparison.Ordinal) && line.Contains(' ', StringComparison.Ordinal) && !line.StartsWith("Rss", StringComparison.Ordinal) && !line.Contains(" kB", StringComparison.Ordinal) && !line.StartsWith("VmFlags", StringComparison.Ordinal))
                inside = line.EndsWith(file, StringComparison.Ordinal);
            else if (inside && line.StartsWith("Rss:", StringComparison.Ordinal))
                bytes += 1024 * long.Parse(line.AsSpan(4, line.Length - 7), System.Globalization.NumberStyles.AllowLeadingWhite | System.Globalization.NumberStyles.AllowTrailingWhite, System.Globalization.CultureInfo.InvariantCulture);
        }
        return bytes;
    }

    private sealed class Progress(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
