using Heed.Inference;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Quantization;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;
using Folder = Heed.Models.Checkpoints.ModelFolder;

namespace Heed.Tests.Models.Checkpoints;

public sealed class RepackedWeightsTests : IDisposable
{
    private static readonly ModelConfig s_config = new()
    {
        HiddenSize = 256,
        IntermediateSize = 512,
        NumLayers = 2,
        NumHeads = 4,
        NumKvHeads = 2,
        VocabSize = 90,
        MaxSeqLen = 64,
    };

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData("q4_0"), InlineData("q8_0"), InlineData("q4_k_m"), InlineData("q2_k"), InlineData("iq4_nl"), InlineData("f16"), InlineData("bf16"), InlineData("f32")]
    public void UseRepacked_SecondLoad_MapsAllMatricesAndGivesTheSameBits(string recipe)
    {
        string path = Model(recipe), file = _temp.File("m.repacked");
        float[] expected = Logits(path, null, out _, out long own);
        Logits(path, file, out RepackedWeights? first, out _).ShouldBe(expected);
        first!.IsMapped.ShouldBeFalse();
        first.Replaced.ShouldBeNull();
        first.Bytes.ShouldBe(new FileInfo(file).Length);
        Logits(path, file, out RepackedWeights? second, out long mapped).ShouldBe(expected);
        second!.IsMapped.ShouldBeTrue();
        // Without the file there are matrices in memory of their own; with it there is none.
        own.ShouldBeGreaterThan(100_000);
        mapped.ShouldBe(0);
        Directory.GetFiles(_temp.Root).Length.ShouldBe(2);
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void UseRepacked_AffineFolder_MapsAllMatricesAndGivesTheSameBits(bool groups)
    {
        string folder = _temp.File("model"), file = _temp.File("m.repacked");
        Folder.Write(new Transformer(s_config, new RandomWeights(1)), folder, new HuggingFaceExportOptions { Affine = groups ? AffineScheme.PerGroup() : AffineScheme.PerChannel });
        float[] expected = Logits(folder, null, out _, out long own);
        own.ShouldBeGreaterThan(100_000);
        Logits(folder, file, out RepackedWeights? first, out _).ShouldBe(expected);
        first!.IsMapped.ShouldBeFalse();
        Logits(folder, file, out RepackedWeights? second, out long mapped).ShouldBe(expected);
        second!.IsMapped.ShouldBeTrue();
        mapped.ShouldBe(0);
    }

    [Fact]
    public void UseRepacked_WriterWasKilled_ItsFileGoes()
    {
        string path = Model("q4_0"), file = _temp.File("m.repacked"), left = _temp.Write($"m.repacked.{Guid.NewGuid():N}.tmp", [1, 2]);
        File.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddHours(-1));
        Logits(path, file, out _, out _);
        Directory.GetFiles(_temp.Root).ShouldBe([path, file], ignoreOrder: true);
    }

    [Theory]
    [InlineData(1), InlineData(2)]
    public void Weights_DeviceOfSomeThreads_AreLaidOutOnNoMore(int threads)
    {
        using Device device = Device.CreateCpu(threads);
        foreach (string recipe in (string[])["q4_k_m", "f16", "f32", "affine"])
        {
            string path = recipe == "affine" ? _temp.File("folder") : Model(recipe);
            if (recipe == "affine") Folder.Write(new Transformer(s_config, new RandomWeights(1)), path, new HuggingFaceExportOptions { Affine = AffineScheme.PerTensor });
            Crowd crowd = new();
            using Checkpoint checkpoint = Checkpoint.Open(path);
            _ = new Transformer(checkpoint.Config, checkpoint.Weights(device, progress: crowd));
            crowd.Most.ShouldBeInRange(1, threads, recipe);
        }
    }

    [Fact]
    public void UseRepacked_SourceChanges_WritesAnew()
    {
        string path = Model("q8_0"), file = _temp.File("m.repacked");
        Logits(path, file, out _, out _);
        DateTime time = File.GetLastWriteTimeUtc(path);
        File.SetLastWriteTimeUtc(path, time.AddSeconds(1));
        Logits(path, file, out RepackedWeights? touched, out _);
        touched!.Replaced.ShouldBe("the model is another one, or has changed");
        Logits(path, file, out RepackedWeights? again, out _);
        again!.IsMapped.ShouldBeTrue();

        // Other weights of the same length and time.
        Model("q8_0", seed: 2);
        File.SetLastWriteTimeUtc(path, time.AddSeconds(1));
        float[] others = Logits(path, null, out _, out _);
        Logits(path, file, out RepackedWeights? changed, out _).ShouldBe(others);
        changed!.Replaced.ShouldBe("the model is another one, or has changed");
    }

    [Fact]
    public void UseRepacked_DamagedFile_WritesAnewAndGivesTheSameBits()
    {
        string path = Model("q4_0"), file = _temp.File("m.repacked");
        float[] expected = Logits(path, file, out _, out _);
        byte[] whole = File.ReadAllBytes(file);
        File.WriteAllBytes(file, whole[..(whole.Length / 2)]);
        Logits(path, file, out RepackedWeights? cut, out _).ShouldBe(expected);
        cut!.Replaced.ShouldBe("it is cut off or damaged");
        File.ReadAllBytes(file).ShouldBe(whole);
    }

    [Fact]
    public void UseRepacked_GarbageNumbers_GiveOtherLogitsAndNoCrash()
    {
        string path = Model("q4_k_m"), file = _temp.File("m.repacked");
        float[] expected = Logits(path, file, out _, out _);
        byte[] bytes = File.ReadAllBytes(file);
        new Random(1).NextBytes(bytes.AsSpan(8192));
        File.WriteAllBytes(file, bytes);
        Logits(path, file, out RepackedWeights? mapped, out _).ShouldNotBe(expected);
        mapped!.IsMapped.ShouldBeTrue();
    }

    [Fact]
    public void UseRepacked_FileLacksAMatrix_WritesAnew()
    {
        string path = Model("q8_0"), file = _temp.File("m.repacked");
        using (Checkpoint part = Checkpoint.Open(path))
        {
            part.UseRepacked(file).ShouldBeFalse();
            part.Weights().Linear("output", s_config.HiddenSize, s_config.VocabSize);
            part.SaveRepacked();
        }
        float[] expected = Logits(path, null, out _, out _);
        Logits(path, file, out RepackedWeights? whole, out _).ShouldBe(expected);
        whole!.Replaced.ShouldBe("it lacks some of the matrices");
        Logits(path, file, out RepackedWeights? again, out _).ShouldBe(expected);
        again!.IsMapped.ShouldBeTrue();
    }

    [Fact]
    public async Task UseRepacked_SeveralAtOnce_AllAreRightAndTheFileIsWhole()
    {
        string path = Model("q4_0"), file = _temp.File("m.repacked");
        float[] expected = Logits(path, null, out _, out _);
        float[][] all = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => Logits(path, file, out RepackedWeights? _, out long _))));
        all.ShouldAllBe(logits => logits.SequenceEqual(expected));
        Logits(path, file, out RepackedWeights? last, out _).ShouldBe(expected);
        last!.IsMapped.ShouldBeTrue();
        Directory.GetFiles(_temp.Root).Length.ShouldBe(2);
    }

    [Fact]
    public void UseRepacked_Folder_HoldsAFileForEachModel()
    {
        string one = Model("q4_0"), two = Path.Combine(Directory.CreateDirectory(_temp.File("other")).FullName, Path.GetFileName(one));
        File.Copy(one, two);
        string folder = _temp.File("cache") + Path.DirectorySeparatorChar;
        foreach (string path in (string[])[one, two]) Logits(path, folder, out _, out _);
        Directory.GetFiles(folder).Length.ShouldBe(2);
        foreach (string path in (string[])[one, two])
        {
            Logits(path, folder, out RepackedWeights? mapped, out _);
            mapped!.IsMapped.ShouldBeTrue();
        }
    }

    [Fact]
    public void UseRepacked_Misuse_IsRefused()
    {
        string path = Model("q4_0");
        using Checkpoint checkpoint = Checkpoint.Open(path);
        Should.Throw<InvalidOperationException>(() => checkpoint.SaveRepacked()).Message.ShouldContain("UseRepacked was not called");
        Should.Throw<DirectoryNotFoundException>(() => checkpoint.UseRepacked(_temp.File("none/m.repacked"))).Message.ShouldContain("does not exist");
        Should.Throw<FileFormatException>(() => checkpoint.UseRepacked(path)).Message.ShouldContain("no file of repacked weights");
        File.WriteAllText(_temp.File("empty"), "");
        Should.Throw<FileFormatException>(() => checkpoint.UseRepacked(_temp.File("empty"))).Message.ShouldContain("empty");
        if (File.Exists("/dev/null")) Should.Throw<FileFormatException>(() => checkpoint.UseRepacked("/dev/null")).Message.ShouldContain("empty");
        checkpoint.UseRepacked(_temp.File("m.repacked")).ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => checkpoint.UseRepacked(_temp.File("m.repacked")));
        Should.Throw<ArgumentException>(() => checkpoint.Weights(form: WeightForm.Exact)).Message.ShouldContain("holds those of the form Fast");
    }

    [Fact]
    public void Load_WithRepackedPath_MapsAndReportsTheWholeProgress()
    {
        string file = _temp.File("m.repacked"), shipped = Directory.GetDirectories(Path.Combine(TestData.Repository, "models")).Single();
        Highest progress = new();
        LoadOptions options = new() { RepackedPath = file, Progress = progress };
        using (LanguageModel model = LanguageModel.Load(shipped, options)) model.Repacked!.IsMapped.ShouldBeFalse();
        progress.Value.ShouldBe(1, 0.02);
        using LanguageModel again = LanguageModel.Load(shipped, options);
        again.Repacked!.IsMapped.ShouldBeTrue();
        using CancellationTokenSource stop = new();
        stop.Cancel();
        File.Delete(file);
        Should.Throw<OperationCanceledException>(() => LanguageModel.Load(shipped, options, stop.Token));
        Directory.GetFiles(_temp.Root).ShouldBeEmpty();
    }

    private string Model(string recipe, int seed = 1)
    {
        QuantizationRecipe.TryFind(recipe, out QuantizationRecipe? found).ShouldBeTrue();
        string path = _temp.File("model.gguf");
        GgufExport.Write(new Transformer(s_config, new RandomWeights(seed)), path, new GgufExportOptions { Recipe = found });
        return path;
    }

    private static float[] Logits(string path, string? file, out RepackedWeights? repacked, out long ownBytes)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        if (file is not null) checkpoint.UseRepacked(file);
        Transformer model = new(checkpoint.Config, checkpoint.Weights());
        repacked = file is null ? null : checkpoint.SaveRepacked();
        ownBytes = checkpoint.ResidentBytes;
        return [.. GoldenModel.Forward(model, [1, 2, 3, 4, 5, 6, 7]), .. GoldenModel.Forward(model, [9])];
    }

    /// <summary>How many threads report at once.</summary>
    private sealed class Crowd : IProgress<double>
    {
        private readonly Lock _lock = new();
        private int _here;

        public int Most { get; private set; }

        public void Report(double value)
        {
            lock (_lock) Most = Math.Max(Most, ++_here);
            Thread.Sleep(1);
            lock (_lock) _here--;
        }
    }

    private sealed class Highest : IProgress<double>
    {
        private readonly Lock _lock = new();

        public double Value { get; private set; }

        public void Report(double value)
        {
            lock (_lock) Value = Math.Max(Value, value);
        }
    }
}
