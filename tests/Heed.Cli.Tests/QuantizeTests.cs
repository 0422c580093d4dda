using Heed.Inference;
using Heed.Models.Checkpoints;
using Heed.Tests;

namespace Heed.Cli.Tests;

public sealed class QuantizeTests : IDisposable
{
    private static readonly string s_shipped = Path.Combine(TestData.Repository, "models", "heed-stories");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Quantize_ShippedModelCalibrated_WritesAModelThatTellsItsStories()
    {
        string text = _folder.File("calibration.txt"), model = _folder.File("deep/m.gguf");
        File.WriteAllText(text, string.Join("\n", Enumerable.Repeat("Once upon a time there was a little girl named Molly. She had a dog.", 20)));

        HeedResult made = HeedProcess.Run("quantize", s_shipped, model, "--type", "q4_k_m", "--calibrate", text);

        made.ExitCode.ShouldBe(0, made.Err);
        made.Out.ShouldBe("");
        made.Err.ShouldContain("bits per weight");
        made.Err.ShouldContain("rows of 704");
        made.Err.ShouldContain("blk.0.ffn_down.weight");
        new FileInfo(model).Length.ShouldBeLessThan(2_600_000);
        HeedProcess.Run("complete", "Once upon a time", "-m", model, "-t", "0", "-n", "4").Out.ShouldStartWith(HeedProcess.Run("complete", "Once upon a time", "-m", s_shipped, "-t", "0", "-n", "2").Out.TrimEnd());
        using (Checkpoint written = Checkpoint.Open(model))
            LanguageModel.LoadTokenizer(written).ChatTemplate.ShouldNotBeNull();
        HeedResult again = HeedProcess.Run("quantize", s_shipped, model, "--type", "q8_0");
        again.ExitCode.ShouldBe(ExitCodes.Error);
        again.Err.ShouldContain("--force");
        Directory.GetFiles(Path.GetDirectoryName(model)!).Length.ShouldBe(1);
    }

    [Theory]
    [InlineData("affine8"), InlineData("affine8_channel"), InlineData("AFFINE8_GROUP")]
    public void Quantize_AffineTypes_WriteAFolderThatTellsStories(string type)
    {
        string model = _folder.File("affine");
        HeedResult made = HeedProcess.Run("quantize", s_shipped, model, "--type", type);

        made.ExitCode.ShouldBe(0, made.Err);
        made.Err.ShouldContain("Heed's own format");
        new FileInfo(Path.Combine(model, "model.safetensors")).Length.ShouldBeInRange(3_400_000, 3_900_000);
        HeedProcess.Run("complete", "Once upon a time", "-m", model, "-t", "0", "-n", "4").Out.ShouldStartWith(HeedProcess.Run("complete", "Once upon a time", "-m", s_shipped, "-t", "0", "-n", "2").Out.TrimEnd());
        HeedProcess.Run("inspect", model, "--tensors").Out.ShouldMatch(@"blocks\.3\.attention\.output\.weight\.zero_point +U8");
    }

    [Fact]
    public void Quantize_SavedImportance_GivesTheSameFile()
    {
        string text = _folder.File("t.txt"), importance = _folder.File("i.gguf"), first = _folder.File("a.gguf"), second = _folder.File("b.gguf");
        File.WriteAllText(text, string.Join("\n", Enumerable.Repeat("Once upon a time there was a little girl named Molly. She had a dog.", 20)));
        HeedResult made = HeedProcess.Run("quantize", s_shipped, first, "--type", "q2_k", "--calibrate", text, "--save-importance", importance);
        made.ExitCode.ShouldBe(0, made.Err);
        HeedResult again = HeedProcess.Run("quantize", s_shipped, second, "--type", "q2_k", "--importance", importance);
        again.ExitCode.ShouldBe(0, again.Err);

        File.ReadAllBytes(second).ShouldBe(File.ReadAllBytes(first));
        File.Delete(second);
        Fails(ExitCodes.Usage, "expected one of them", "quantize", s_shipped, second, "--type", "q2_k", "--importance", importance, "--calibrate", text);
        Fails(ExitCodes.Usage, "a text for --calibrate too", "quantize", s_shipped, second, "--type", "q2_k", "--save-importance", importance);
        Fails(ExitCodes.Error, "general.type is 'model'", "quantize", s_shipped, second, "--type", "q2_k", "--importance", first);
        File.Exists(second).ShouldBeFalse();
    }

    [Fact]
    public void Convert_ThereAndBack_KeepsEveryWeight()
    {
        string gguf = _folder.File("m.gguf"), back = _folder.File("back");

        HeedProcess.Run("convert", s_shipped, gguf).ExitCode.ShouldBe(0);
        HeedResult returned = HeedProcess.Run("convert", gguf, back, "--type", "bf16");

        returned.ExitCode.ShouldBe(0, returned.Err);
        // The shipped weights are BF16, and stay so, whatever the order of their rows in between.
        using Checkpoint first = Checkpoint.Open(s_shipped), last = Checkpoint.Open(back);
        foreach (Heed.Formats.StoredTensor tensor in first.Files.Tensors)
        {
            last.Files.TryGet(tensor.Name, out Heed.Formats.StoredTensor? same).ShouldBeTrue(tensor.Name);
            float[] a = new float[tensor.ElementCount], b = new float[tensor.ElementCount];
            first.Files.ReadFloats(tensor, 0, a);
            last.Files.ReadFloats(same!, 0, b);
            b.AsSpan().SequenceEqual(a).ShouldBeTrue(tensor.Name);
        }
        const string text = "Once upon a time, there was 1 café.";
        LanguageModel.LoadTokenizer(last).Encode(text).ShouldBe(LanguageModel.LoadTokenizer(first).Encode(text));
        string bin = _folder.File("m.bin");
        HeedResult llama2c = HeedProcess.Run("convert", s_shipped, bin);
        llama2c.ExitCode.ShouldBe(0, llama2c.Err);
        llama2c.Err.ShouldContain("without a tokenizer");
        using Checkpoint old = Checkpoint.Open(bin);
        old.Format.ShouldBe(CheckpointFormat.Llama2c);
    }

    [Fact]
    public void Quantize_WhatCannotBe_IsOneLine()
    {
        string gguf = _folder.File("m.gguf");
        Fails(ExitCodes.Usage, "--type is 'q9'", "quantize", s_shipped, gguf, "--type", "q9");
        Fails(ExitCodes.Usage, "--type", "quantize", s_shipped, gguf);
        Fails(ExitCodes.Usage, "heed quantize has the others", "convert", s_shipped, gguf, "--type", "q8_0");
        Fails(ExitCodes.Usage, "expected one of these, an affine type, or a path that ends with .gguf", "quantize", s_shipped, _folder.File("folder"), "--type", "q8_0");
        Fails(ExitCodes.Usage, "this format has no affine 8-bit numbers; expected a folder for affine8", "quantize", s_shipped, gguf, "--type", "affine8");
        Fails(ExitCodes.Usage, "do not go with affine types", "quantize", s_shipped, _folder.File("folder"), "--type", "affine8", "--calibrate", "x.txt");
        Fails(ExitCodes.Usage, "llama2.c's files hold f32", "quantize", s_shipped, _folder.File("m.bin"), "--type", "f16");
        Fails(ExitCodes.Error, "this is the model itself", "convert", s_shipped, s_shipped, "--force");
        Fails(ExitCodes.Error, "nowhere", "quantize", s_shipped, gguf, "--type", "q8_0", "--calibrate", "/nowhere.txt");
        Fails(ExitCodes.Error, "nowhere", "quantize", s_shipped, gguf, "--type", "q8_0", "--tokenizer", "/nowhere.json");
        Fails(ExitCodes.Error, "--importance /nowhere.gguf: there is no such file.", "quantize", s_shipped, gguf, "--type", "q8_0", "--importance", "/nowhere.gguf");
        Directory.GetFileSystemEntries(_folder.Path).ShouldBeEmpty();
    }

    [UnixFact]
    public void Quantize_ToAFolderThatTakesNoFiles_IsRefusedBeforeTheWork()
    {
        string text = _folder.File("text.txt"), importance = _folder.File("i.gguf");
        File.WriteAllText(text, "Once upon a time there was a fox.");
        // Nobody may make files there, not even root.
        Fails(ExitCodes.Error, "/proc/m.gguf: no file can be written to the folder /proc.", "quantize", s_shipped, "/proc/m.gguf", "--type", "q8_0", "--calibrate", text, "--save-importance", importance);
        File.Exists(importance).ShouldBeFalse();
    }

    private static void Fails(int exitCode, string message, params string[] arguments)
    {
        HeedResult result = HeedProcess.Run(arguments);
        result.ExitCode.ShouldBe(exitCode, result.Err);
        result.Err.ShouldStartWith("heed: error: ");
        result.Err.ShouldContain(message);
    }
}
