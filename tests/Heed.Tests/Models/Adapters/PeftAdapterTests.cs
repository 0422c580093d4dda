using System.Text.Json.Nodes;
using Heed.Formats;
using Heed.Models;
using Heed.Models.Adapters;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tests.Formats;

namespace Heed.Tests.Models.Adapters;

/// <summary>Adapters in PEFT's files.</summary>
public sealed class PeftAdapterTests
{
    private const string FirstA = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";

    [Theory]
    [InlineData(RopeLayout.Interleaved, false), InlineData(RopeLayout.HalfSplit, true)]
    public void Write_Read_GivesTheSameAdaptersBitForBit(RopeLayout layout, bool stabilized)
    {
        using TempFolder temp = new();
        ModelConfig config = LoraModel.Small with { RopeLayout = layout };
        LoraConfig lora = new() { Rank = 3, Alpha = 5, Dropout = 0.05f, RankStabilized = stabilized, Targets = ["q_proj", "k_proj", "v_proj", "up_proj"] };
        Transformer model = LoraModel.Filled(new(config, new LoraWeights(new RandomWeights(1, 2), config, lora)));
        PeftAdapter.Write(model, lora, temp.File("adapter"), "some/base");
        Directory.GetFileSystemEntries(temp.File("adapter")).Select(Path.GetFileName).Order().ShouldBe([PeftAdapter.ConfigName, PeftAdapter.WeightsName]);
        PeftAdapter read = PeftAdapter.Read(temp.File("adapter"), config);
        read.BaseModel.ShouldBe("some/base");
        (read.Config with { Targets = lora.Targets }).ShouldBe(lora);
        read.Config.Targets.ShouldBe(lora.Targets);
        Transformer again = new(config, read.Weights(new RandomWeights(1, 2)));
        GoldenModel.Forward(again, LoraModel.Tokens).ShouldBe(GoldenModel.Forward(model, LoraModel.Tokens));
        foreach ((Parameter one, Parameter two) in again.Parameters.Zip(model.Parameters)) one.Value.ToArray().ShouldBe(two.Value.ToArray(), one.Name);
    }

    /// <summary>What Hugging Face's world makes of adapter and base, both half-split, is what we make of them interleaved.</summary>
    [Fact]
    public void Row18_Write_Interleaved_FitsTheExportedBase()
    {
        using TempFolder temp = new();
        LoraConfig lora = new() { Rank = 3, Alpha = 5 };
        Transformer model = LoraModel.Filled(new(LoraModel.Small, new LoraWeights(new RandomWeights(1, 2), LoraModel.Small, lora)));
        HuggingFaceExport.Write(new Transformer(LoraModel.Small, new RandomWeights(1, 2)), temp.File("base"));
        PeftAdapter.Write(model, lora, temp.File("adapter"));
        using Checkpoint exported = Checkpoint.Open(temp.File("base"));
        exported.Config.RopeLayout.ShouldBe(RopeLayout.HalfSplit);
        Transformer half = new(exported.Config, PeftAdapter.Read(temp.File("adapter"), exported.Config).Weights(exported.Weights()));
        GoldenModel.Error(GoldenModel.Forward(half, LoraModel.Tokens), GoldenModel.Forward(model, LoraModel.Tokens)).ShouldBeLessThan(1e-5);
    }

    [Fact]
    public void Write_Golden_HasPeftsNamesAndShapes()
    {
        using TempFolder temp = new();
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel("llama-gqa").PathOf(""));
        PeftAdapter adapter = PeftAdapter.Read(TestData.Golden("lora"), checkpoint.Config);
        adapter.Config.Scale.ShouldBe(2);
        PeftAdapter.Write(new(checkpoint.Config, adapter.Weights(checkpoint.Weights())), adapter.Config, temp.Root, adapter.BaseModel);
        using SafetensorsFile written = SafetensorsFile.Open(temp.File(PeftAdapter.WeightsName)), golden = SafetensorsFile.Open(Path.Combine(TestData.Golden("lora"), PeftAdapter.WeightsName));
        written.Tensors.Count.ShouldBe(golden.Tensors.Count);
        foreach (StoredTensor tensor in golden.Tensors)
        {
            written.TryGet(tensor.Name, out StoredTensor? other).ShouldBeTrue(tensor.Name);
            other!.Shape.ShouldBe(tensor.Shape);
            written.Bytes(other, 0, (int)other.ByteLength).SequenceEqual(golden.Bytes(tensor, 0, (int)tensor.ByteLength)).ShouldBeTrue(tensor.Name);
        }
    }

    [Theory]
    [InlineData("peft_type", "\"IA3\"", "'IA3', which is not supported"), InlineData("peft_type", null, "absent"), InlineData("r", "0", "above 0"), InlineData("r", null, "absent")]
    [InlineData("r", "4", "lora_A.weight' has shape [3, 32]; expected [4, 32]"), InlineData("r", "2147483647", "expected [2147483647, 32]")]
    [InlineData("bias", "\"all\"", "'all'"), InlineData("use_dora", "true", "use_dora"), InlineData("fan_in_fan_out", "true", "fan_in_fan_out"), InlineData("lora_dropout", "1.5", "below 1")]
    [InlineData("rank_pattern", "{\"q_proj\":4}", "rank_pattern"), InlineData("alpha_pattern", "{\"q_proj\":4}", "alpha_pattern"), InlineData("modules_to_save", "[\"lm_head\"]", "modules_to_save")]
    [InlineData("layers_to_transform", "[1]", "layers_to_transform"), InlineData("target_modules", "\".*attn.*\"", "not supported"), InlineData("target_modules", "[\"lm_head\"]", "lm_head")]
    [InlineData("target_modules", "[]", "empty"), InlineData("target_modules", "[\"q_proj\"]", "is no part of the adapters"), InlineData("lora_alpha", "-1", "above 0"), InlineData("r", "\"x\"", "integer")]
    public void Read_Configuration_OfAnotherKindIsRefusedByName(string key, string? value, string expected)
    {
        using TempFolder temp = new();
        JsonObject json = Copy(temp);
        if (value is null) json.Remove(key);
        else json[key] = JsonNode.Parse(value);
        File.WriteAllText(temp.File(PeftAdapter.ConfigName), json.ToJsonString());
        Should.Throw<FileFormatException>(() => PeftAdapter.Read(temp.Root, GqaConfig())).Message.ShouldContain(expected);
    }

    [Fact]
    public void Read_TensorsThatDoNotFit_AreNamed()
    {
        using TempFolder temp = new();
        Copy(temp);
        ModelConfig config = GqaConfig();
        string message = Should.Throw<FileFormatException>(() => PeftAdapter.Read(temp.Root, config with { NumLayers = 3 })).Message;
        message.ShouldContain("layers.2.self_attn.q_proj.lora_A.weight' is absent; expected shape [3, 32]");
        Should.Throw<FileFormatException>(() => PeftAdapter.Read(temp.Root, config with { NumLayers = 1 })).Message.ShouldContain("layers.1.self_attn.q_proj.lora_A.weight' of shape [3, 32] is no part");
        Should.Throw<FileFormatException>(() => PeftAdapter.Read(temp.Root, config with { NumLayers = 16_384 })).Message.ShouldContain("; and more");
        SafetensorsWriter writer = new();
        using (SafetensorsFile file = SafetensorsFile.Open(temp.File(PeftAdapter.WeightsName)))
        {
            foreach (StoredTensor tensor in file.Tensors)
            {
                byte[] bytes = file.Bytes(tensor, 0, (int)tensor.ByteLength).ToArray();
                writer.Add(tensor.Name, tensor.Name == FirstA ? WeightType.I32 : tensor.Type, tensor.Shape, stream => stream.Write(bytes));
            }
        }
        writer.Save(temp.File(PeftAdapter.WeightsName));
        Should.Throw<FileFormatException>(() => PeftAdapter.Read(temp.Root, config)).Message.ShouldContain($"'{FirstA}' has type I32");
        File.Delete(temp.File(PeftAdapter.WeightsName));
        Should.Throw<IOException>(() => PeftAdapter.Read(temp.Root, config));
    }

    /// <summary>Every key with every nasty value, and every byte of the tensors' header changed: read, or refused by name.</summary>
    [Fact]
    public void Read_FolderWithoutAdapters_SaysWhatWasExpected()
    {
        using TempFolder temp = new();
        foreach (string folder in new[] { temp.File("nowhere"), Path.GetDirectoryName(temp.File("x"))! })
        {
            string said = Should.Throw<FileNotFoundException>(() => PeftAdapter.Read(folder, LoraModel.Small)).Message;
            said.ShouldBe($"{folder}: {PeftAdapter.ConfigName} is absent; expected a folder of LoRA adapters, with {PeftAdapter.ConfigName} and {PeftAdapter.WeightsName}.");
        }
    }

    [Fact]
    public void Read_Hostile_IsReadOrRefused()
    {
        using TempFolder temp = new();
        JsonObject json = Copy(temp);
        ModelConfig config = GqaConfig();
        int refused = 0;
        foreach (string key in json.Select(pair => pair.Key).ToArray())
        {
            foreach (string value in (string[])["null", "true", "\"x\"", "\"\\uD800\"", "[]", "[1]", "{}", "{\"a\":1}", "0", "-1", "1e-300", "1e308", "2147483648"])
            {
                File.WriteAllText(temp.File(PeftAdapter.ConfigName), json.ToJsonString().Replace($"\"{key}\":{json[key]?.ToJsonString() ?? "null"}", $"\"{key}\":{value}", StringComparison.Ordinal));
                refused += Refused($"{key} = {value}");
            }
        }
        File.WriteAllText(temp.File(PeftAdapter.ConfigName), json.ToJsonString());
        byte[] bytes = File.ReadAllBytes(temp.File(PeftAdapter.WeightsName));
        for (int at = 0; at < 400; at++)
        {
            byte[] changed = [.. bytes];
            changed[at] ^= (byte)(1 << (at % 7));
            File.WriteAllBytes(temp.File(PeftAdapter.WeightsName), changed);
            refused += Refused($"byte {at}");
        }
        refused.ShouldBeGreaterThan(300);

        int Refused(string what)
        {
            try
            {
                PeftAdapter.Read(temp.Root, config);
                return 0;
            }
            catch (FileFormatException error)
            {
                error.Message.ShouldContain(temp.Root, customMessage: what);
                return 1;
            }
            catch (Exception error)
            {
                throw new InvalidOperationException(what, error);
            }
        }
    }

    [Fact]
    public void Write_WhatDoesNotFit_IsNamedAndLeavesNothing()
    {
        using TempFolder temp = new();
        LoraConfig lora = new() { Rank = 2, Targets = ["q_proj", "v_proj"] };
        Transformer model = new(LoraModel.Small, new LoraWeights(new RandomWeights(1), LoraModel.Small, lora)), plain = new(LoraModel.Small, new RandomWeights(1));
        Message(plain, lora).ShouldContain("has no adapter 'q_proj'");
        Message(model, lora with { Rank = 3 }).ShouldContain("rank 2 and scale 8; the configuration says 3");
        Message(model, lora with { Targets = ["q_proj"] }).ShouldContain("8 tensors, and those of the configuration's Targets 4");
        Message(model, lora with { Targets = ["q_proj", "v_proj", "o_proj"] }).ShouldContain("'o_proj'");
        using Checkpoint gpt2 = Checkpoint.Open(new GoldenModel("gpt2").PathOf("")), phi3 = Checkpoint.Open(new GoldenModel("phi3").PathOf(""));
        foreach (Checkpoint checkpoint in (Checkpoint[])[gpt2, phi3])
            Should.Throw<NotSupportedException>(() => PeftAdapter.Write(new(checkpoint.Config, new LoraWeights(checkpoint.Weights(), checkpoint.Config, lora)), lora, temp.File("a"))).Message.ShouldContain(checkpoint.Config.Architecture);
        Directory.GetFileSystemEntries(temp.Root).ShouldBeEmpty();

        string Message(Transformer one, LoraConfig config) => Should.Throw<ArgumentException>(() => PeftAdapter.Write(one, config, temp.File("a"))).Message;
    }

    [Fact]
    public void Export_Unmerged_SaysToMerge()
    {
        using TempFolder temp = new();
        Transformer model = LoraModel.Filled(new(LoraModel.Small, new LoraWeights(new RandomWeights(1, 2), LoraModel.Small, new LoraConfig())));
        Should.Throw<NotSupportedException>(() => HuggingFaceExport.Write(model, temp.File("m"))).Message.ShouldContain("Lora.Merge");
        Directory.GetFileSystemEntries(temp.Root).ShouldBeEmpty();
        HuggingFaceExport.Write(Lora.Merge(model), temp.File("m"));
        using Checkpoint exported = Checkpoint.Open(temp.File("m"));
        GoldenModel.Error(GoldenModel.Forward(GoldenModel.Build(exported), LoraModel.Tokens), GoldenModel.Forward(model, LoraModel.Tokens)).ShouldBeLessThan(1e-5);
    }

    private static ModelConfig GqaConfig()
    {
        using Checkpoint checkpoint = Checkpoint.Open(new GoldenModel("llama-gqa").PathOf(""));
        return checkpoint.Config;
    }

    private static JsonObject Copy(TempFolder temp)
    {
        foreach (string name in (string[])[PeftAdapter.ConfigName, PeftAdapter.WeightsName]) File.Copy(Path.Combine(TestData.Golden("lora"), name), temp.File(name));
        return (JsonObject)JsonNode.Parse(File.ReadAllText(temp.File(PeftAdapter.ConfigName)))!;
    }
}
