using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models.Checkpoints;

/// <summary>The config.json of Heed's own format: every property survives, whatever is added to ModelConfig.</summary>
public sealed class HeedConfigTests
{
    private static readonly HuggingFaceExportOptions s_plain = new();

    public static TheoryData<string> Properties => [.. RecordJson.PropertiesOf(typeof(ModelConfig)).Select(property => property.Name)];

    [Theory]
    [MemberData(nameof(Properties))]
    public void Read_EachPropertyWithAnotherValue_SurvivesTheRoundTrip(string name)
    {
        PropertyInfo property = typeof(ModelConfig).GetProperty(name)!;
        object? usual = property.GetValue(new ModelConfig());
        foreach (object? value in Others(property, usual))
        {
            value.ShouldNotBe(usual, name);
            ModelConfig config = new();
            property.SetValue(config, value);
            ModelConfig read = RoundTrip(config);
            Text(read).ShouldBe(Text(config), name);
            if (value is not RopeScaling) property.GetValue(read).ShouldBe(value);
        }
        // A change that the file would lose must not pass this test.
        Text(new ModelConfig()).ShouldContain($"\"{RecordJson.KeyOf(property)}\"");
    }

    [Theory]
    [MemberData(nameof(Properties))]
    public void WhyOwnFormat_EachPropertyWithAnotherValue_IsSaidByTheFamilyOrByHeed(string name)
    {
        // What a family's config.json cannot say must lead to the own format, above all what is added to ModelConfig one day.
        string[] saidElsewhere = ["Architecture", "MultipleOf", "MaxSeqLen", "SwishBeta", "SinusoidalLayout", "RopeLayout", "WindowEvery", "WindowFrom", "Dropout"];
        PropertyInfo property = typeof(ModelConfig).GetProperty(name)!;
        foreach (object? value in Others(property, property.GetValue(new ModelConfig())))
        {
            ModelConfig config = new() { NumLayers = 3 };
            property.SetValue(config, value);
            string? reason;
            try
            {
                reason = Heed.Models.Checkpoints.ModelFolder.WhyOwnFormat(config);
            }
            catch (ArgumentException)
            {
                continue;
            }
            if (reason is not null || saidElsewhere.Contains(name)) continue;
            using MemoryStream json = new(HuggingFaceConfigWriter.Config(HuggingFaceFamily.Choose(config), s_plain));
            ModelConfig read = HuggingFaceConfig.Read(JsonSettings.Read(json, "config.json"));
            read = read with { Architecture = config.Architecture, RopeLayout = config.RopeLayout };
            WorkedOut(read).ShouldBe(WorkedOut(config), name);
        }
    }

    [Fact]
    public void Write_Default_SaysWhatItIs()
    {
        ModelConfig config = new() { NormPlacement = NormPlacement.Post, RopeTheta = 0.1, NormEpsilon = 1e-6f };
        JsonObject json = Json(config, s_plain with { BosToken = 1, EosTokens = [2, 3], PadToken = 0 });
        json["model_type"]!.GetValue<string>().ShouldBe("heed");
        json["format_version"]!.GetValue<int>().ShouldBe(1);
        json["norm_placement"]!.GetValue<string>().ShouldBe("Post");
        json["norm_epsilon"]!.ToJsonString().ShouldBe("1E-06");
        json["rope_theta"]!.ToJsonString().ShouldBe("0.1");
        json["num_kv_heads"].ShouldBeNull();
        json.ContainsKey("num_kv_heads").ShouldBeTrue();
        json.ContainsKey("head_size").ShouldBeFalse("what others are worked out from is enough");
        json["rope_scaling"]!["kind"]!.GetValue<string>().ShouldBe("None");
        json["bos_token_id"]!.GetValue<int>().ShouldBe(1);
        json["eos_token_id"]!.AsArray().Count.ShouldBe(2);
    }

    [Fact]
    public void Read_FloatsOfAllKinds_AreBitEqual()
    {
        Random random = new(7);
        for (int i = 0; i < 2000; i++)
        {
            float single = BitConverter.Int32BitsToSingle(random.Next() & 0x7f7fffff);
            double wide = BitConverter.Int64BitsToDouble(random.NextInt64() & 0x7fefffffffffffff);
            ModelConfig read = RoundTrip(new ModelConfig { AttentionScale = single, RopeScaling = new RopeScaling(RopeScalingKind.None, wide) { FrequencyFactors = [single, -single] } });
            BitConverter.SingleToInt32Bits(read.AttentionScale!.Value).ShouldBe(BitConverter.SingleToInt32Bits(single));
            BitConverter.DoubleToInt64Bits(read.RopeScaling.Factor).ShouldBe(BitConverter.DoubleToInt64Bits(wide));
            read.RopeScaling.FrequencyFactors.ShouldBe([single, -single]);
        }
    }

    [Fact]
    public void Read_AbsentSettings_HaveTheDefaults()
    {
        ModelConfig read = Read("""{"model_type":"heed","format_version":1,"hidden_size":64,"num_layers":2,"num_heads":4,"vocab_size":61,"max_seq_len":32}""");
        read.ShouldBe(new ModelConfig { HiddenSize = 64, NumLayers = 2, NumHeads = 4, VocabSize = 61, MaxSeqLen = 32 });
    }

    [Theory]
    [InlineData("\"format_version\":1", "\"format_version\":3", "'format_version': is 3; this version of Heed reads up to 2: the model was written by a newer one")]
    [InlineData("\"format_version\":1", "\"format_version\":0", "'format_version': is 0; expected an integer above 0")]
    [InlineData("\"format_version\":1,", "", "'format_version': is absent")]
    [InlineData("\"hidden_size\":64,", "", "'hidden_size': is absent")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64.5", "'hidden_size': is 64.5; expected an integer of 32 bits")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":\"64\"", "'hidden_size': is \"64\"; expected an integer of 32 bits")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":null", "'hidden_size': is absent")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"hidden_size\":32", "Duplicate")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"heads\":4", "'heads': is no setting that this version of Heed knows (a newer one may have written it); expected architecture, hidden_size, ")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"head_size\":16", "'head_size': is no setting")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"norm\":\"Group\"", "'norm': is \"Group\"; expected one of Rms, Layer, Batch")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"norm\":\"rms\"", "'norm': is \"rms\"; expected one of Rms, Layer, Batch")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"norm\":1", "'norm': is 1; expected one of Rms, Layer, Batch")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"norm\":\"1\"", "'norm': is \"1\"; expected one of")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"norm\":null", "'norm': is null; expected one of")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"architecture\":null", "'architecture': is null; expected a text")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"qkv_bias\":1", "'qkv_bias': is 1; expected true or false")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"norm_epsilon\":1e300", "'norm_epsilon': is 1e300; expected a finite number")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"rope_theta\":1e999", "'rope_theta': is 1e999; expected a finite number")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"rope_scaling\":null", "'rope_scaling': is null; expected an object")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"rope_scaling\":[]", "'rope_scaling': is []; expected an object")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"rope_scaling\":{\"kind\":\"Su\"}", "'rope_scaling.kind': is \"Su\"; expected one of None, Linear, Ntk, Yarn, Llama3, LongRope")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"rope_scaling\":{\"short_factors\":[1,\"x\"]}", "'rope_scaling.short_factors': holds \"x\"; expected a finite number")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"rope_scaling\":{\"short_factors\":7}", "'rope_scaling.short_factors': is 7; expected a list, each a finite number")]
    [InlineData("\"hidden_size\":64", "\"hidden_size\":64,\"rope_scaling\":{\"type\":\"Yarn\"}", "'rope_scaling.type': is no setting")]
    public void Read_WhatIsWrong_IsNamed(string right, string wrong, string expected)
    {
        string json = """{"model_type":"heed","format_version":1,"hidden_size":64,"num_layers":2,"num_heads":4,"vocab_size":61,"max_seq_len":32}""";
        Should.Throw<FileFormatException>(() => Read(json.Replace(right, wrong, StringComparison.Ordinal))).Message.ShouldContain(expected, Case.Insensitive);
    }

    [Fact]
    public void Read_TextThatIsNoUtf8_IsRefused()
    {
        byte[] json = Encoding.UTF8.GetBytes("""{"model_type":"heed","format_version":1,"hidden_size":64,"num_layers":2,"num_heads":4,"vocab_size":61,"max_seq_len":32,"architecture":"~"}""");
        json[Array.IndexOf(json, (byte)'~')] = 0xff;
        Should.Throw<FileFormatException>(() => Read(json));
    }

    [Fact]
    public void Check_WhatNoFileCanHold_IsRefusedBeforeTraining()
    {
        Message(new ModelConfig { NormPlacement = NormPlacement.Post, AttentionScale = float.NaN }).ShouldContain("AttentionScale is NaN; expected a finite number");
        Message(new ModelConfig { NormPlacement = NormPlacement.Post, RopeLayout = (RopeLayout)7 }).ShouldContain("RopeLayout is 7; expected one of Interleaved, HalfSplit");
        Message(new ModelConfig { NormPlacement = NormPlacement.Post, MaxSeqLen = int.MaxValue }).ShouldContain("expected at most 268435456");
        Message(new ModelConfig { NormPlacement = NormPlacement.Post, RopeScaling = new RopeScaling(RopeScalingKind.Linear, 0) }).ShouldContain("make angles that are no finite numbers");
        Message(new ModelConfig { NormPlacement = NormPlacement.Post, RopeScaling = new RopeScaling(RopeScalingKind.Ntk, 2) }).ShouldContain("OriginalMaxSeqLen is 0");
        Message(new ModelConfig { HiddenSize = 0 }).ShouldContain("HiddenSize");

        static string Message(ModelConfig config) => Should.Throw<ArgumentException>(() => Heed.Models.Checkpoints.ModelFolder.Check(config)).Message;
    }

    private static ModelConfig RoundTrip(ModelConfig config) => Read(Encoding.UTF8.GetBytes(Text(config)));

    // Not by HeedConfig.Write, which also checks that all settings together make a model.
    private static string Text(ModelConfig config) => Encoding.UTF8.GetString(HuggingFaceConfigWriter.Json(json =>
    {
        json.WriteString("model_type", "heed");
        json.WriteNumber("format_version", 1);
        RecordJson.Write(json, config);
    }));

    private static string WorkedOut(ModelConfig config) => Text(config with
    {
        IntermediateSize = config.FeedForwardSize,
        NumKvHeads = config.KvHeads,
        HeadDim = config.HeadSize,
        RotaryDim = config.RotarySize,
        RopeScaling = RopeScaling.None,
        MultipleOf = 1,
        AttentionScale = MathF.Round(config.AttentionOptionsOf(0).Scale, 5),
    });

    private static JsonObject Json(ModelConfig config, HuggingFaceExportOptions options) => (JsonObject)JsonNode.Parse(HeedConfig.Write(config, options))!;

    private static ModelConfig Read(string json) => Read(Encoding.UTF8.GetBytes(json));

    private static ModelConfig Read(byte[] json)
    {
        using MemoryStream stream = new(json);
        JsonSettings settings = JsonSettings.Read(stream, "config.json");
        HeedConfig.Is(settings).ShouldBeTrue();
        return HeedConfig.Read(settings);
    }

    /// <summary>Values of a property's type other than its usual one; a type that is missing here is missing in the format too.</summary>
    private static IEnumerable<object?> Others(PropertyInfo property, object? usual)
    {
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (type == typeof(bool)) return [!(bool)usual!];
        if (type == typeof(int)) return [((int?)usual ?? 0) + 2, usual is 4 ? 7 : 4];
        if (type == typeof(long)) return [((long?)usual ?? 0) + (1L << 40)];
        if (type == typeof(float)) return [((float?)usual ?? 0) + 0.1f, 1e-30f];
        if (type == typeof(double)) return [((double?)usual ?? 0) + 0.1];
        if (type == typeof(string)) return ["a \"name\" ü"];
        if (type.IsEnum) return Enum.GetValues(type).Cast<object>().Where(value => !value.Equals(usual));
        if (type == typeof(ModelConfig)) return [new ModelConfig { Bidirectional = true, NumLayers = 5 }];
        if (typeof(IEnumerable).IsAssignableFrom(type)) return [ListOf(type.GetGenericArguments()[0])];
        return [.. RecordJson.PropertiesOf(type).SelectMany(inner => Others(inner, inner.GetValue(usual)).Select(value => Changed(usual!, inner, value)))];
    }

    private static object Changed(object record, PropertyInfo property, object? value)
    {
        object copy = record.GetType().GetMethod("<Clone>$")!.Invoke(record, null)!;
        property.SetValue(copy, value);
        return copy;
    }

    private static object ListOf(Type element) => element == typeof(float) ? new[] { 0.1f, 3f } : element == typeof(double) ? new[] { 0.1, 3.0 } : Array.CreateInstance(element, 2);
}
