using System.Text.Json.Nodes;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;
using Folder = Heed.Models.Checkpoints.ModelFolder;

namespace Heed.Tests.Models.Checkpoints;

/// <summary>Models that no Hugging Face family describes, saved and loaded, and files that are not what they should be.</summary>
public sealed class HeedFormatTests : IDisposable
{
    private static readonly int[] s_tokens = [3, 17, 5, 60, 0, 22, 41, 8, 8, 13];

    private static readonly ModelConfig s_small = new()
    {
        HiddenSize = 32,
        IntermediateSize = 48,
        NumLayers = 2,
        NumHeads = 4,
        VocabSize = 61,
        MaxSeqLen = 40,
        NormPlacement = NormPlacement.Post,
    };

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    /// <summary>Every combination of norm, place, positions and function, and a choice of all else for each.</summary>
    [Fact]
    public void Write_AnyConfiguration_LoadsWithTheSameLogitsBitForBit()
    {
        Random random = new(3);
        int own = 0, all = 0;
        foreach (NormKind norm in Enum.GetValues<NormKind>())
            foreach (NormPlacement placement in Enum.GetValues<NormPlacement>())
                foreach (PositionKind positions in Enum.GetValues<PositionKind>())
                    foreach (Activation activation in Enum.GetValues<Activation>())
                    {
                        ModelConfig config = s_small with { Norm = norm, NormPlacement = placement, Positions = positions, Activation = activation };
                        // These are left plain: they are the ones that a family may know.
                        if (config is not { Norm: NormKind.Rms, NormPlacement: NormPlacement.Pre, Positions: PositionKind.Rotary }) config = Choose(random, config);
                        bool isOwn = Folder.WhyOwnFormat(config) is not null;
                        all++;
                        if (isOwn) own++;
                        CheckRoundTrip(config, isOwn);
                    }
        all.ShouldBe(6 * Enum.GetValues<PositionKind>().Length * Enum.GetValues<Activation>().Length);
        (all - own).ShouldBe(4, "SiLU, both GELUs and ReLU, gated");
    }

    [Fact]
    public void Write_RunningStatistics_StayF32WhateverTheWeightsAre()
    {
        Transformer model = Model(s_small with { Norm = NormKind.Batch, QkNorm = true });
        Folder.Write(model, _temp.Root, new HuggingFaceExportOptions { WeightType = WeightType.BF16 });
        using Checkpoint checkpoint = Checkpoint.Open(_temp.Root);
        checkpoint.Files.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal)
            .ShouldBe(model.Parameters.Concat(model.Buffers).Select(parameter => parameter.Name).Order(StringComparer.Ordinal));
        foreach (Heed.Formats.StoredTensor tensor in checkpoint.Files.Tensors)
            tensor.Type.ShouldBe(tensor.Name.Contains("running_", StringComparison.Ordinal) ? WeightType.F32 : WeightType.BF16, tensor.Name);
        Transformer loaded = new(checkpoint.Config, checkpoint.Weights(form: WeightForm.Dense));
        foreach ((Parameter a, Parameter b) in model.Buffers.Zip(loaded.Buffers)) b.Value.ToArray().ShouldBe(a.Value.ToArray(), a.Name);
        checkpoint.WeightBytes.ShouldBe(checkpoint.Files.Tensors.Sum(tensor => tensor.ByteLength));
    }

    [Theory]
    [InlineData(WeightType.F16), InlineData(WeightType.BF16), InlineData(WeightType.F32)]
    public void Write_LoadedModel_GivesTheSameFilesAgain(WeightType type)
    {
        HuggingFaceExportOptions options = new() { WeightType = type, BosToken = 1, EosTokens = [2] };
        string first = _temp.File("first"), second = _temp.File("second");
        Folder.Write(Model(s_small), first, options);
        using (Checkpoint checkpoint = Checkpoint.Open(first))
        {
            Transformer frozen = new(checkpoint.Config, checkpoint.Weights());
            Folder.Write(frozen, second, options);
            using Checkpoint again = Checkpoint.Open(second);
            GoldenModel.Forward(new Transformer(again.Config, again.Weights()), s_tokens).ShouldBe(GoldenModel.Forward(frozen, s_tokens));
        }
        string[] names = ["config.json", "generation_config.json", "model.safetensors"];
        Directory.GetFileSystemEntries(second).Select(Path.GetFileName).Order().ShouldBe(names);
        foreach (string name in names) File.ReadAllBytes(Path.Combine(second, name)).ShouldBe(File.ReadAllBytes(Path.Combine(first, name)), name);
    }

    [Fact]
    public void Write_WhatAFamilyCanSay_IsTheHuggingFaceExportByteForByte()
    {
        HuggingFaceExportOptions options = new() { BosToken = 1, EosTokens = [2, 3], Sampling = new Dictionary<string, double> { ["top_p"] = 0.9 } };
        Transformer model = Model(s_small with { NormPlacement = NormPlacement.Pre });
        Folder.WhyOwnFormat(model.Config).ShouldBeNull();
        HuggingFaceExport.Write(model, _temp.File("a"), options);
        Folder.Write(model, _temp.File("b"), options);
        foreach (string name in Directory.GetFiles(_temp.File("a")).Select(file => Path.GetFileName(file)!))
            File.ReadAllBytes(_temp.File($"b/{name}")).ShouldBe(File.ReadAllBytes(_temp.File($"a/{name}")), name);
        Folder.WhyOwnFormat(s_small)!.ShouldStartWith("no Hugging Face family has this configuration: NormPlacement is Post");
        // What the reader of that format refuses is no reason to lose a model.
        Folder.WhyOwnFormat(model.Config with { NormEpsilon = 0 })!.ShouldContain("rms_norm_eps");
        Should.Throw<NotSupportedException>(() => HuggingFaceExport.CheckExportable(model.Config with { NormEpsilon = 0 }));
        Should.Throw<NotSupportedException>(() => HuggingFaceExport.Write(Model(s_small), _temp.File("c")));
        Directory.Exists(_temp.File("c")).ShouldBeFalse();
    }

    [Fact]
    public void Write_WhatDoesNotFit_LeavesNoTrace()
    {
        Transformer model = Model(s_small);
        Should.Throw<ArgumentException>(() => Folder.Write(model, _temp.File("m"), new HuggingFaceExportOptions { WeightType = WeightType.Q8_0 })).Message.ShouldContain("expected F32, F16 or BF16");
        ((RmsNorm)model.Blocks[0].AttentionNorm).Weight.AsSpan()[3] = 70000;
        Should.Throw<NotSupportedException>(() => Folder.Write(model, _temp.Root, new HuggingFaceExportOptions { WeightType = WeightType.F16 })).Message
            .ShouldContain("'blocks.0.attention_norm.weight' has the number 70000");
        Directory.GetFileSystemEntries(_temp.Root).ShouldBeEmpty();
    }

    [Fact]
    public void Open_FolderFileOrConfig_FindsTheFormatAndTheFilesBeside()
    {
        Folder.Write(Model(s_small), _temp.Root);
        File.WriteAllText(_temp.File("tokenizer.json"), "{}");
        File.WriteAllText(_temp.File("tokenizer_config.json"), "{}");
        foreach (string path in (string[])[_temp.Root, _temp.File("model.safetensors"), _temp.File("config.json")])
        {
            using Checkpoint checkpoint = Checkpoint.Open(path);
            checkpoint.Format.ShouldBe(CheckpointFormat.Heed);
            checkpoint.Config.ShouldBe(s_small);
            checkpoint.TokenizerPath.ShouldBe(_temp.File("tokenizer.json"));
            checkpoint.TokenizerConfigPath.ShouldBe(_temp.File("tokenizer_config.json"));
            checkpoint.GenerationConfigPath.ShouldBe(_temp.File("generation_config.json"));
            checkpoint.ConfigPath.ShouldBe(_temp.File("config.json"));
        }
    }

    [Fact]
    public void Open_TensorsThatDoNotFit_AreAllNamed()
    {
        ModelConfig config = s_small with { Norm = NormKind.Batch, TieEmbeddings = true };
        Folder.Write(Model(config), _temp.Root);
        Problem(json => json["hidden_size"] = 16).ShouldContain("'embedding.weight' has shape [61, 32]; expected [61, 16]");
        Problem(json => json["num_layers"] = 1).ShouldContain("'blocks.1.attention.qkv.weight' of shape [96, 32] is no part of");
        Problem(json => json["num_layers"] = 3).ShouldContain("'blocks.2.attention_norm.running_mean' is absent; expected shape [32]");
        Problem(json => json["num_layers"] = 16384).ShouldContain("the file has");
        Problem(json => json["norm"] = "Layer").ShouldContain("'blocks.0.attention_norm.running_mean' of shape [32] is no part of");
        Problem(json => json["qkv_bias"] = true).ShouldContain("'blocks.0.attention.qkv.bias' is absent; expected shape [96]");
        // The same table twice is a habit of others.
        Problem(json => json["tie_embeddings"] = false).ShouldContain("'output.weight': the tensor is absent");
        Folder.Write(Model(config with { TieEmbeddings = false }), _temp.Root);
        Problem(json => json["tie_embeddings"] = true).ShouldContain("'output.weight': the tensor of shape [61, 32] is no part of");
    }

    [Fact]
    public void Open_AnyValueOfAnyKey_OpensOrIsRefused()
    {
        string[] values = ["null", "true", "\"x\"", "\"Batch\"", "\"Yarn\"", "[]", "[1]", "{}", "{\"kind\":\"LongRope\",\"factor\":2}", "0", "-1", "1", "2", "3", "1e-300", "0.5", "1e9", "1e308", "2147483647", "2147483648", "9223372036854775808"];
        int refused = 0, opened = 0;
        foreach (ModelConfig config in (ModelConfig[])[s_small, s_small with { Positions = PositionKind.Sinusoidal }, s_small with { RopeScaling = new RopeScaling(RopeScalingKind.Yarn, 2, 20) }])
        {
            Folder.Write(Model(config), _temp.Root);
            JsonObject json = Config();
            foreach (string name in json.Select(entry => entry.Key).Concat(((JsonObject)json["rope_scaling"]!).Select(entry => $"rope_scaling.{entry.Key}")).ToArray())
                foreach (string value in values)
                {
                    JsonObject changed = (JsonObject)json.DeepClone();
                    JsonObject holder = name.Contains('.') ? (JsonObject)changed["rope_scaling"]! : changed;
                    holder[name[(name.IndexOf('.') + 1)..]] = JsonNode.Parse(value);
                    File.WriteAllText(_temp.File("config.json"), changed.ToJsonString());
                    if (Opens($"{name} = {value}")) opened++;
                    else refused++;
                }
        }
        refused.ShouldBeGreaterThan(500);
        opened.ShouldBeGreaterThan(200);
    }

    [Fact]
    public void Open_DamagedFiles_AreRefusedWhateverIsLeftOfThem()
    {
        Folder.Write(Model(s_small with { Norm = NormKind.Batch }), _temp.Root);
        foreach (string name in (string[])["config.json", "model.safetensors"])
        {
            byte[] whole = File.ReadAllBytes(_temp.File(name));
            for (int length = 0; length < whole.Length; length += 1 + whole.Length / 60)
            {
                File.WriteAllBytes(_temp.File(name), whole[..length]);
                Should.Throw<FileFormatException>(() => Checkpoint.Open(_temp.Root), $"{name}, {length} bytes");
            }
            File.WriteAllBytes(_temp.File(name), whole);
        }
        byte[] config = File.ReadAllBytes(_temp.File("config.json"));
        Random random = new(5);
        for (int i = 0; i < 300; i++)
        {
            byte[] changed = [.. config];
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(_temp.File("config.json"), changed);
            Opens($"change {i}");
        }
        File.WriteAllText(_temp.File("config.json"), "{\"model_type\":\"heed\",\"architecture\":\"" + new string('a', 17 << 20) + "\"}");
        Should.Throw<FileFormatException>(() => Checkpoint.Open(_temp.Root)).Message.ShouldContain("at most");
    }

    private bool Opens(string what)
    {
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(_temp.Root);
            _ = new Transformer(checkpoint.Config, checkpoint.Weights());
            return true;
        }
        catch (FileFormatException error)
        {
            error.Message.ShouldContain(_temp.Root, customMessage: what);
            return false;
        }
        catch (Exception error)
        {
            throw new InvalidOperationException(what, error);
        }
    }

    private string Problem(Action<JsonObject> change)
    {
        string before = File.ReadAllText(_temp.File("config.json"));
        JsonObject json = Config();
        change(json);
        File.WriteAllText(_temp.File("config.json"), json.ToJsonString());
        string message = Should.Throw<FileFormatException>(() => Checkpoint.Open(_temp.Root)).Message;
        File.WriteAllText(_temp.File("config.json"), before);
        return message;
    }

    private JsonObject Config() => (JsonObject)JsonNode.Parse(File.ReadAllText(_temp.File("config.json")))!;

    private void CheckRoundTrip(ModelConfig config, bool isOwn)
    {
        Transformer model = Model(config);
        Folder.Write(model, _temp.Root);
        using Checkpoint checkpoint = Checkpoint.Open(_temp.Root);
        checkpoint.Format.ShouldBe(isOwn ? CheckpointFormat.Heed : CheckpointFormat.HuggingFace, config.ToString());
        float[] expected = GoldenModel.Forward(model, s_tokens);
        Transformer dense = new(checkpoint.Config, checkpoint.Weights(form: WeightForm.Dense)), frozen = new(checkpoint.Config, checkpoint.Weights());
        GoldenModel.Error(GoldenModel.Forward(frozen, s_tokens), expected).ShouldBeLessThan(1e-5, config.ToString());
        if (!isOwn) return;
        checkpoint.Config.ShouldBe(config);
        GoldenModel.Forward(dense, s_tokens).ShouldBe(expected, config.ToString());
    }

    /// <summary>A model none of whose numbers is 0 or 1 by chance, biases and statistics included.</summary>
    private static Transformer Model(ModelConfig config)
    {
        Transformer model = new(config, new RandomWeights(11, config.NumLayers));
        Random random = new(12);
        foreach (Parameter parameter in model.Parameters.Concat(model.Buffers))
            foreach (ref float number in parameter.Value.AsSpan()) number += 0.02f * random.NextSingle();
        return model;
    }

    private static ModelConfig Choose(Random random, ModelConfig config)
    {
        bool Coin() => random.Next(2) == 0;
        T One<T>(params T[] choices) => choices[random.Next(choices.Length)];
        return config with
        {
            Architecture = One("llama", "gpt2", "mine"),
            IntermediateSize = One<int?>(null, 48, 7),
            MultipleOf = 8,
            NumKvHeads = One<int?>(null, 4, 2, 1),
            HeadDim = One<int?>(null, 10, 8),
            NormEpsilon = One(1e-5f, 0.01f),
            SwishBeta = One(1, 1.7f),
            GatedFeedForward = Coin(),
            TieEmbeddings = Coin(),
            QkvBias = Coin(),
            AttentionOutputBias = Coin(),
            FeedForwardBias = Coin(),
            QkNorm = Coin(),
            PostNorms = config.NormPlacement == NormPlacement.Pre && Coin(),
            SinusoidalLayout = One(SinusoidalLayout.Interleaved, SinusoidalLayout.Concatenated),
            RopeTheta = One(10000.0, 123.456),
            RotaryDim = One<int?>(null, 4),
            RopeLayout = One(RopeLayout.Interleaved, RopeLayout.HalfSplit),
            RopeScaling = One(RopeScaling.None, new RopeScaling(RopeScalingKind.Linear, 2.5), new RopeScaling(RopeScalingKind.Llama3, 8, 16)),
            Window = One(0, 3),
            WindowEvery = One(1, 2),
            WindowFrom = One(0, 1),
            AttentionScale = One<float?>(null, 0.3f),
            AttentionSoftCap = One(0, 20f),
            LogitSoftCap = One(0, 15f),
            EmbeddingScale = One(1, 5.5f),
            Dropout = One(0, 0.1f),
        };
    }
}
