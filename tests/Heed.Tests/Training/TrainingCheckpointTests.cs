using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Tests.Training;

public sealed class TrainingCheckpointTests : IDisposable
{
    private readonly TempFolder _temp = new();

    // Everything that draws or adds up is on, and the clipping bites.
    private static readonly ModelConfig Dropping = TinyRun.Config with { Dropout = 0.1f };
    private static readonly TrainingOptions Options = TinyRun.Options with { Steps = 8, GradientAccumulation = 2, ClipNorm = 0.05, Schedule = ScheduleKind.Cosine, WarmupSteps = 2, CheckpointEvery = 4 };

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Resume_AfterHalfOfTheSteps_GivesTheSameBitsAsOneRun(bool bf16)
    {
        TrainingOptions options = Options with { Bf16Weights = bf16 };
        Trainer whole = Make(options, "whole");
        List<TrainingStep> straight = await TinyRun.RunAsync(whole);
        straight.ShouldAllBe(step => step.GradientNorm > options.ClipNorm);

        Trainer first = Make(options, "halves");
        await foreach (TrainingStep step in first.RunAsync())
            if (step.Number == 4) break;
        // Another model, other first weights: all that matters comes from the file.
        Trainer second = Make(options, "halves", seed: 99);
        second.Resume().ShouldBeTrue();
        second.Step.ShouldBe(4);
        List<TrainingStep> rest = await TinyRun.RunAsync(second);
        rest.Select(step => step.Loss).ShouldBe(straight.Skip(4).Select(step => step.Loss));
        rest.Select(step => step.GradientNorm).ShouldBe(straight.Skip(4).Select(step => step.GradientNorm));
        TinyRun.Weights(second.Model.Parameters).ShouldBe(TinyRun.Weights(whole.Model.Parameters));
        TinyRun.Weights(second.Tensors()).ShouldBe(TinyRun.Weights(whole.Tensors()));
        rest[^1].Tokens.ShouldBe(straight[^1].Tokens);
        MetricsLog.Read(second.Folder!.MetricsPath).Select(step => (step.Number, step.Loss)).ShouldBe(straight.Select(step => (step.Number, step.Loss)));
    }

    [Fact]
    public async Task RunAsync_Cancelled_SavesTheLastStepAndGoesOnFromIt()
    {
        using CancellationTokenSource stop = new();
        Transformer model = TinyRun.Model(Dropping);
        // The third step is cancelled in its middle: between its two batches.
        Trainer trainer = new(model, new TinyRun.Batches(2, seen: number => { if (number == 5) stop.Cancel(); }), Options) { Folder = Folder("cancelled") };
        await Should.ThrowAsync<OperationCanceledException>(() => TinyRun.RunAsync(trainer, stop.Token));
        trainer.Step.ShouldBe(2);
        Path.GetFileName(trainer.Folder!.Newest).ShouldBe("step-00000002.safetensors");
        Trainer again = Make(Options, "cancelled", seed: 3);
        again.Resume().ShouldBeTrue();
        await TinyRun.RunAsync(again);
        Trainer straight = Make(Options, "straight");
        await TinyRun.RunAsync(straight);
        TinyRun.Weights(again.Tensors()).ShouldBe(TinyRun.Weights(straight.Tensors()));
    }

    [Fact]
    public async Task Resume_NewestCutOrChangedAnywhere_TakesTheOneBefore()
    {
        Trainer trainer = Make(Options, "damaged");
        await TinyRun.RunAsync(trainer);
        string newest = trainer.Folder!.Newest!;
        byte[] bytes = await File.ReadAllBytesAsync(newest);
        Random random = new(5);
        for (int i = 0; i < 24; i++)
        {
            byte[] bad = [.. bytes];
            int at = random.Next(bytes.Length);
            if (i % 2 == 0) bad = bad[..at];
            else bad[at] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(newest, bad);
            Trainer again = Make(Options, "damaged", seed: 3);
            again.Resume().ShouldBeTrue();
            again.Step.ShouldBe(4, $"byte {at} of {bytes.Length}");
            File.Exists(newest).ShouldBeFalse();
            File.Exists($"{newest}.damaged").ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Resume_NothingWhole_SaysWhyAndChangesNothing()
    {
        Trainer trainer = Make(Options, "lost");
        await TinyRun.RunAsync(trainer);
        foreach (string file in Directory.GetFiles(trainer.Folder!.StatePath, "step-*"))
        {
            byte[] bytes = await File.ReadAllBytesAsync(file);
            bytes[^1] ^= 1;
            await File.WriteAllBytesAsync(file, bytes);
        }
        Trainer again = Make(Options, "lost", seed: 3);
        float[] before = TinyRun.Weights(again.Tensors());
        string message = Should.Throw<FileFormatException>(() => again.Resume()).Message;
        message.ShouldContain("none of the 2 checkpoints");
        message.ShouldContain("checksum");
        TinyRun.Weights(again.Tensors()).ShouldBe(before);
        again.Step.ShouldBe(0);
    }

    [Fact]
    public async Task Resume_OtherOptionsOrModel_NamesThem()
    {
        await TinyRun.RunAsync(Make(Options, "options"));
        Trainer other = Make(Options with { LearningRate = 0.5, Steps = 16 }, "options");
        string message = Should.Throw<InvalidOperationException>(() => other.Resume()).Message;
        message.ShouldContain("LearningRate was 0.01, is 0.5");
        message.ShouldContain("Steps was 8, is 16");
        other.Resume(acceptChanges: true).ShouldBeTrue();
        (await TinyRun.RunAsync(other)).Count.ShouldBe(8);

        Transformer model = TinyRun.Model(Dropping);
        Trainer elsewhere = new(model, new TinyRun.Batches(3), Options) { Folder = Folder("options"), DataFingerprint = "b" };
        message = Should.Throw<InvalidOperationException>(() => elsewhere.Resume()).Message;
        message.ShouldContain("Batches was 2 rows of 8 tokens, 1000 rows an epoch, is 3 rows");
        message.ShouldContain("Data was absent, is b");

        Trainer wider = new(TinyRun.Model(Dropping with { IntermediateSize = 32 }), new TinyRun.Batches(2), Options) { Folder = Folder("options") };
        Should.Throw<FileFormatException>(() => wider.Resume(acceptChanges: true)).Message.ShouldContain("shape");
        Directory.GetFiles(wider.Folder!.StatePath, "*.damaged").ShouldBeEmpty("a checkpoint of another model is whole");
    }

    [Fact]
    public async Task RunAsync_FolderOfAnotherRun_IsNotOverwritten()
    {
        await TinyRun.RunAsync(Make(Options, "taken"));
        Trainer other = Make(Options, "taken");
        (await Should.ThrowAsync<InvalidOperationException>(() => TinyRun.RunAsync(other))).Message.ShouldContain("holds step 8");
    }

    [Fact]
    public async Task RunAsync_FolderInUse_IsRefused()
    {
        Trainer one = Make(Options, "shared"), two = Make(Options, "shared");
        await foreach (TrainingStep step in one.RunAsync())
        {
            (await Should.ThrowAsync<IOException>(() => TinyRun.RunAsync(two))).Message.ShouldContain("no other training");
            break;
        }
    }

    [Fact]
    public async Task RunAsync_ManyCheckpoints_KeepsTheNewestTwoAndTheModel()
    {
        Trainer trainer = Make(Options with { CheckpointEvery = 1 }, "kept");
        List<TrainingStep> steps = await TinyRun.RunAsync(trainer);
        steps.ShouldAllBe(step => step.Checkpoint != null);
        Directory.GetFiles(trainer.Folder!.StatePath).Select(Path.GetFileName).Order().ShouldBe(["lock", "metrics.jsonl", "step-00000007.safetensors", "step-00000008.safetensors"]);
        using Checkpoint saved = Checkpoint.Open(trainer.Folder.Root);
        Transformer loaded = new(saved.Config, saved.Weights(Device.Cpu));
        int[] tokens = [3, 1, 4];
        Tensor expected = trainer.Model.Forward(tokens), got = loaded.Forward(tokens);
        got.AllClose(expected, 1e-4, 1e-5).ShouldBeTrue();
    }

    [Fact]
    public async Task RunAsync_FolderThatIsAFile_SaysSoBeforeTheFirstStep()
    {
        string path = _temp.Write("file", [1]);
        Trainer trainer = new(TinyRun.Model(), new TinyRun.Batches(2), Options) { Folder = new TrainingFolder(path) };
        (await Should.ThrowAsync<IOException>(() => TinyRun.RunAsync(trainer))).Message.ShouldContain(path);
        trainer.Step.ShouldBe(0);
    }

    [Fact]
    public async Task RunAsync_CheckpointThatCannotBeWritten_LeavesTheOneBeforeWhole()
    {
        Trainer trainer = Make(Options, "full");
        IOException error = await Should.ThrowAsync<IOException>(async () =>
        {
            await foreach (TrainingStep step in trainer.RunAsync())
                // A folder in the file's place stops the rename, as a full disk stops the writing.
                if (step.Number == 4) Directory.CreateDirectory(Path.Combine(trainer.Folder!.StatePath, "step-00000008.safetensors"));
        });
        error.Message.ShouldContain("step 8");
        error.Message.ShouldContain("step-00000004.safetensors' is whole");
        Directory.GetFiles(trainer.Folder!.StatePath, "*.tmp").ShouldBeEmpty();
        Trainer again = Make(Options, "full", seed: 3);
        again.Resume().ShouldBeTrue();
        again.Step.ShouldBe(4);
    }

    [Fact]
    public async Task RunAsync_Diverged_NamesTheLastGoodCheckpoint()
    {
        Trainer trainer = Make(Options with { CheckpointEvery = 2 }, "nan");
        TrainingDivergedException error = await Should.ThrowAsync<TrainingDivergedException>(async () =>
        {
            await foreach (TrainingStep step in trainer.RunAsync())
                if (step.Number == 5) trainer.Model.Parameters[0].Value.AsSpan().Fill(float.NaN);
        });
        error.Step.ShouldBe(6);
        Path.GetFileName(error.Checkpoint).ShouldBe("step-00000004.safetensors");
        error.Message.ShouldContain(error.Checkpoint!);
        Trainer again = Make(Options with { CheckpointEvery = 2 }, "nan", seed: 3);
        again.Resume().ShouldBeTrue();
        again.Step.ShouldBe(4);
        TinyRun.Weights(again.Tensors()).ShouldAllBe(value => float.IsFinite(value));
    }

    [Fact]
    public async Task RunAsync_WeightsThatOverflow_AreNotSaved()
    {
        // One step of 1e38 leaves finite gradients behind it, and weights of which the next checkpoint would be worth nothing.
        Trainer trainer = Make(Options with { LearningRate = 3e38, WarmupSteps = 0, WeightDecay = 0, CheckpointEvery = 1 }, "overflow");
        TrainingDivergedException error = await Should.ThrowAsync<TrainingDivergedException>(() => TinyRun.RunAsync(trainer));
        error.Step.ShouldBeLessThanOrEqualTo(2);
        foreach (string file in Directory.GetFiles(trainer.Folder!.StatePath, "step-*"))
        {
            Trainer again = Make(Options, "overflow");
            again.Resume(acceptChanges: true).ShouldBeTrue();
            TinyRun.Weights(again.Tensors()).ShouldAllBe(value => float.IsFinite(value), file);
        }
    }

    [Fact]
    public async Task RunAsync_SampleOfWeightsThatOverflowed_IsADivergenceToo()
    {
        Transformer model = TinyRun.Model(Dropping, 7);
        Trainer trainer = new(model, new TinyRun.Batches(2), Options with { SampleEvery = 1 })
        {
            Sample = () =>
            {
                model.Parameters[0].Value.AsSpan().Fill(float.NaN);
                throw new ArithmeticException("No logit is a number.");
            },
        };
        TrainingDivergedException error = await Should.ThrowAsync<TrainingDivergedException>(() => TinyRun.RunAsync(trainer));
        error.Message.ShouldContain("a weight is no longer finite");
    }

    [Fact]
    public async Task RunAsync_AfterAProcessWasEnded_RemovesWhatItHadBegun()
    {
        Trainer trainer = Make(Options, "ended");
        string[] begun = [Path.Combine(trainer.Folder!.StatePath, "step-00000004.safetensors.0123.tmp"), Path.Combine(trainer.Folder.Root, "model.safetensors.0123.tmp"), Path.Combine(trainer.Folder.Root, "adapter_model.safetensors.0123.tmp")];
        string own = Path.Combine(trainer.Folder.Root, "notes.tmp");
        Directory.CreateDirectory(trainer.Folder.StatePath);
        foreach (string file in begun.Append(own)) await File.WriteAllTextAsync(file, "half");
        await TinyRun.RunAsync(trainer);
        begun.ShouldAllBe(file => !File.Exists(file));
        File.Exists(own).ShouldBeTrue("what is not ours stays");
    }

    [Fact]
    public async Task RunAsync_SampleThatFails_SavesTheStepBeforeItEnds()
    {
        Transformer model = TinyRun.Model(Dropping);
        Trainer trainer = new(model, new TinyRun.Batches(2), Options with { SampleEvery = 3 }) { Folder = Folder("sample"), Sample = () => throw new NotSupportedException("no text") };
        (await Should.ThrowAsync<NotSupportedException>(() => TinyRun.RunAsync(trainer))).Message.ShouldBe("no text");
        Path.GetFileName(trainer.Folder!.Newest).ShouldBe("step-00000003.safetensors");
        MetricsLog.Read(trainer.Folder.MetricsPath).Select(step => step.Number).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task RunAsync_MetricsOnAFullDisk_NamesTheStepAndGivesEverythingBack()
    {
        Transformer model = TinyRun.Model(Dropping);
        TrainingFolder folder = Folder("metrics");
        Trainer trainer = new(model, new TinyRun.Batches(2), Options) { Folder = folder, OpenMetrics = (_, _) => new MetricsLog(new FullDisk(lines: 5)) };
        string message = (await Should.ThrowAsync<IOException>(() => TinyRun.RunAsync(trainer))).Message;
        message.ShouldStartWith("Step 6: its metrics could not be written");
        message.ShouldContain("No space left");
        message.ShouldContain("step-00000004.safetensors' is whole");
        // The weights of step 6 were saved all the same; lock and trainer are free, and the model rests.
        Path.GetFileName(folder.Newest).ShouldBe("step-00000006.safetensors");
        folder.Lock().Dispose();
        model.Parameters.ShouldAllBe(parameter => !parameter.Value.RequiresGradient);
        (await TinyRun.RunAsync(trainer)).Select(step => step.Number).ShouldBe([7, 8]);
    }

    [Fact]
    public void Lock_WhileHeld_KeepsOthersOutAndItsFileStays()
    {
        TrainingFolder one = Folder("lock"), two = Folder("lock");
        using (one.Lock()) Should.Throw<IOException>(() => two.Lock()).Message.ShouldContain("no other training");
        File.Exists(one.LockPath).ShouldBeTrue();
        two.Lock().Dispose();
    }

    [Fact]
    public async Task Resume_SameSizesOtherModelOrData_NamesEveryDifference()
    {
        await TinyRun.RunAsync(Make(Options, "others"));

        Differences(Dropping with { Dropout = 0 }).ShouldBe("Model.Dropout was 0.1, is 0");
        Differences(Dropping with { RopeTheta = 5e5, Window = 4 }).ShouldBe("Model.RopeTheta was 10000, is 500000; Model.Window was 0, is 4");
        Differences(Dropping with { RopeScaling = new RopeScaling(RopeScalingKind.Linear, 2) }).ShouldBe("Model.RopeScaling.Factor was 1, is 2; Model.RopeScaling.Kind was None, is Linear");
        Differences(Dropping, conditions: new() { ["Lora"] = "rank 4" }).ShouldBe("Lora was absent, is rank 4");
        Differences(Dropping, source: new TinyRun.Batches(2, seed: 9)).ShouldBe("Rows was Batches, seed 1, is Batches, seed 9");
        Differences(Dropping, trained: 1).ShouldStartWith("Parameters was ");

        string Differences(ModelConfig config, Dictionary<string, string>? conditions = null, IBatchSource? source = null, int? trained = null)
        {
            Transformer model = TinyRun.Model(config);
            Trainer trainer = new(model, source ?? new TinyRun.Batches(2), Options, parameters: trained is { } count ? [.. model.Parameters.Take(count)] : null)
            {
                Folder = Folder("others"),
                Conditions = conditions ?? [],
            };
            return Listed(Should.Throw<ResumeException>(() => trainer.Resume()).Message);
        }
    }

    [Fact]
    public async Task Resume_WithoutWhatTheCheckpointHas_NamesIt()
    {
        Transformer model = TinyRun.Model();
        await TinyRun.RunAsync(new Trainer(model, new TinyRun.Batches(2), Options) { Folder = Folder("keys"), DataFingerprint = "a", Conditions = new Dictionary<string, string> { ["Lora"] = "rank 8" } });
        Trainer bare = new(model, new TinyRun.Batches(2), Options) { Folder = Folder("keys") };
        Listed(Should.Throw<ResumeException>(() => bare.Resume()).Message).ShouldBe("Data was a, is absent; Lora was rank 8, is absent");
        bare.Resume(acceptChanges: true).ShouldBeTrue();
    }

    [Fact]
    public void Trainer_EveryPropertyOfTheModel_IsAmongItsSettings()
    {
        SortedDictionary<string, string> settings = new Trainer(TinyRun.Model(), new TinyRun.Batches(2), Options).State.Settings;
        foreach (System.Reflection.PropertyInfo property in typeof(ModelConfig).GetProperties().Where(property => property.CanWrite))
            settings.Keys.ShouldContain(key => key == $"Model.{property.Name}" || key.StartsWith($"Model.{property.Name}.", StringComparison.Ordinal), property.Name);
        settings.Keys.ShouldNotContain(key => key.StartsWith("Validat", StringComparison.Ordinal));
    }

    private static string Listed(string message)
    {
        const string Before = "under other settings: ", After = ". Use the same";
        int start = message.IndexOf(Before, StringComparison.Ordinal) + Before.Length;
        return message[start..message.IndexOf(After, StringComparison.Ordinal)];
    }

    private Trainer Make(TrainingOptions options, string folder, int seed = 7)
    {
        Transformer model = TinyRun.Model(Dropping, seed);
        return new Trainer(model, new TinyRun.Batches(2), options) { Folder = TrainingFolder.For(_temp.File(folder), model) };
    }

    private TrainingFolder Folder(string name) => new(_temp.File(name));

    /// <summary>Takes some lines, and then none, not even when it is closed.</summary>
    private sealed class FullDisk(int lines) : MemoryStream
    {
        private int _left = lines;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (_left-- <= 0) throw new IOException("No space left on device.");
        }

        protected override void Dispose(bool disposing) => throw new IOException("No space left on device.");
    }
}
