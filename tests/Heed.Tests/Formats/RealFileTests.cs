using Heed.Formats;

namespace Heed.Tests.Formats;

/// <summary>Files that others made: what they hold, and that the same model in several formats holds the same numbers.</summary>
public class RealFileTests
{
    private const string Folder = "weights/stories260K/";
    private const string V0 = Folder + "stories260K.bin", V1 = Folder + "stories260K_v1.bin", V2 = Folder + "stories260K_q80_v2.bin";
    private const string Gguf = Folder + "tinyllamas-stories-260k-f32.gguf";
    private const string Tiny = "weights/llama-2-tiny-random.gguf";
    private const string Torch = "weights/torchtune_tiny_fair_checkpoint.pt";

    public static IEnumerable<(string Llama2c, string Gguf)> Names
    {
        get
        {
            yield return ("token_embedding_table", "token_embd.weight");
            yield return ("rms_final_weight", "output_norm.weight");
            (string, string)[] inLayer =
            [
                ("rms_att_weight", "attn_norm"), ("rms_ffn_weight", "ffn_norm"), ("wq", "attn_q"), ("wk", "attn_k"), ("wv", "attn_v"),
                ("wo", "attn_output"), ("w1", "ffn_gate"), ("w2", "ffn_down"), ("w3", "ffn_up"),
            ];
            for (int i = 0; i < 5; i++)
                foreach ((string llama2c, string gguf) in inLayer) yield return ($"layers.{i}.{llama2c}", $"blk.{i}.{gguf}.weight");
        }
    }

    [DataFact(V0, V1)]
    public void Llama2c_Versions0And1_HoldTheSameNumbers()
    {
        using Llama2cFile v0 = Llama2cFile.Open(TestData.Get(V0)), v1 = Llama2cFile.Open(TestData.Get(V1));
        v0.Header.ShouldBe(new Llama2cHeader(64, 172, 5, 8, 4, 512, 512, SharedClassifier: true, Version: 0, GroupSize: 0));
        v1.Header.ShouldBe(v0.Header with { Version = 1 });
        v0.Tensors.Count.ShouldBe(47);
        foreach (StoredTensor expected in v0.Tensors)
        {
            v1.TryGet(expected.Name, out StoredTensor? actual).ShouldBeTrue(expected.Name);
            actual!.Shape.ShouldBe(expected.Shape);
            Floats(v1, actual).ShouldBe(Floats(v0, expected), expected.Name);
        }
    }

    [DataFact(V1, Gguf)]
    public void GgufVersion1_Stories_HoldsTheSameNumbersAsLlama2c()
    {
        using Llama2cFile llama2c = Llama2cFile.Open(TestData.Get(V1));
        using GgufFile gguf = GgufFile.Open(TestData.Get(Gguf));
        gguf.Version.ShouldBe(1u);
        gguf.Tensors.Count.ShouldBe(48);
        foreach ((string name, string ggufName) in Names)
        {
            llama2c.TryGet(name, out StoredTensor? expected).ShouldBeTrue(name);
            gguf.TryGet(ggufName, out StoredTensor? actual).ShouldBeTrue(ggufName);
            actual!.Shape.ShouldBe(expected!.Shape, name);
            Floats(gguf, actual).ShouldBe(Floats(llama2c, expected), name);
        }
        gguf.TryGet("output.weight", out StoredTensor? output).ShouldBeTrue();
        gguf.TryGet("token_embd.weight", out StoredTensor? embedding).ShouldBeTrue();
        Floats(gguf, output!).ShouldBe(Floats(gguf, embedding!));
    }

    [DataFact(V1, V2)]
    public void Llama2cVersion2_Stories_IsVersion1WithinHalfAStep()
    {
        using Llama2cFile exact = Llama2cFile.Open(TestData.Get(V1)), rounded = Llama2cFile.Open(TestData.Get(V2));
        rounded.Header.ShouldBe(exact.Header with { Version = 2, GroupSize = 32 });
        foreach (StoredTensor tensor in exact.Tensors)
        {
            rounded.TryGet(tensor.Name, out StoredTensor? other).ShouldBeTrue(tensor.Name);
            other!.GroupSize.ShouldBe(tensor.Shape.Length == 1 ? 0 : 32);
            float[] expected = Floats(exact, tensor), actual = Floats(rounded, other);
            if (other.GroupSize == 0)
            {
                actual.ShouldBe(expected);
                continue;
            }
            for (int group = 0; group < expected.Length; group += 32)
            {
                // A group's scale is its largest magnitude / 127, and a value is off by at most half of it (and a rounding).
                float largest = expected[group..(group + 32)].Max(MathF.Abs);
                float worst = Enumerable.Range(group, 32).Max(i => MathF.Abs(actual[i] - expected[i]));
                worst.ShouldBeLessThanOrEqualTo(largest / 127 * 0.5001f, tensor.Name);
            }
        }
    }

    [DataFact(V2)]
    public void ReadFloats_GroupsFromTheMiddle_EqualThoseOfTheWhole()
    {
        using Llama2cFile file = Llama2cFile.Open(TestData.Get(V2));
        file.TryGet("layers.3.w2", out StoredTensor? tensor).ShouldBeTrue();
        float[] whole = Floats(file, tensor!), part = new float[172];
        for (int row = 0; row < 64; row++)
        {
            file.ReadFloats(tensor!, row * 172L, part);
            part.ShouldBe(whole[(row * 172)..((row + 1) * 172)]);
        }
    }

    [DataFact(Gguf)]
    public void GgufMetadata_Stories_GivesTypedValues()
    {
        using GgufFile file = GgufFile.Open(TestData.Get(Gguf));
        GgufMetadata metadata = file.Metadata;
        metadata.Keys.Count.ShouldBe(18);
        metadata.GetString("general.architecture").ShouldBe("llama");
        metadata.GetInt("llama.block_count").ShouldBe(5);
        metadata.GetFloat("llama.attention.layer_norm_rms_epsilon").ShouldBe(1e-5f);
        metadata.GetStrings("tokenizer.ggml.tokens").Length.ShouldBe(512);
        metadata.GetStrings("tokenizer.ggml.tokens")[2].ShouldBe("</s>");
        metadata.GetFloats("tokenizer.ggml.scores").Length.ShouldBe(512);
        metadata.GetInts("tokenizer.ggml.token_type")[..4].ShouldBe([2, 3, 3, 6]);
        metadata.TryGetInt("llama.expert_count", out _).ShouldBeFalse();
        metadata.Preview("tokenizer.ggml.tokens").ShouldBe("an array of 512 String");
    }

    [DataFact(Tiny)]
    public void GgufVersion3_TinyRandom_HasHalfPrecisionTensors()
    {
        using GgufFile file = GgufFile.Open(TestData.Get(Tiny));
        file.Version.ShouldBe(3u);
        file.Tensors.Count.ShouldBe(12);
        file.TryGet("blk.0.ffn_gate.weight", out StoredTensor? gate).ShouldBeTrue();
        gate!.Type.ShouldBe(WeightType.F16);
        gate.Shape.ShouldBe([32, 8]);
        file.Metadata.GetStrings("tokenizer.ggml.tokens").Length.ShouldBe(32000);
        foreach (StoredTensor tensor in file.Tensors)
            Floats(file, tensor).ShouldAllBe(value => float.IsFinite(value), tensor.Name);
    }

    [DataTheory("tokenizers/ggml-vocab-gpt-2.gguf", "tokenizers/ggml-vocab-llama-spm.gguf")]
    [InlineData("gpt-2", "gpt2", 50257), InlineData("llama-spm", "llama", 32000)]
    public void Gguf_VocabularyWithoutTensors_Opens(string name, string model, int tokens)
    {
        using GgufFile file = GgufFile.Open(TestData.Get($"tokenizers/ggml-vocab-{name}.gguf"));
        file.Tensors.ShouldBeEmpty();
        file.Metadata.GetString("tokenizer.ggml.model").ShouldBe(model);
        file.Metadata.GetStrings("tokenizer.ggml.tokens").Length.ShouldBe(tokens);
        foreach (string key in file.Metadata.Keys) file.Metadata.Preview(key).ShouldNotBeNull();
    }

    [DataFact(Torch)]
    public void MetaCheckpoint_TorchtuneFile_OpensWithoutRunningIt()
    {
        using MetaCheckpoint file = MetaCheckpoint.Open(TestData.Get(Torch));
        file.Tensors.Count.ShouldBe(21);
        file.TryGet("layers.1.feed_forward.w1.weight", out StoredTensor? gate).ShouldBeTrue();
        gate!.Shape.ShouldBe([256, 32]);
        gate.Type.ShouldBe(WeightType.F32);
        file.TryGet("tok_embeddings.weight", out StoredTensor? embedding).ShouldBeTrue();
        embedding!.Shape.ShouldBe([500, 32]);
        embedding.Offset.ShouldBe(3264);
        foreach (StoredTensor tensor in file.Tensors)
            Floats(file, tensor).ShouldAllBe(value => float.IsFinite(value), tensor.Name);
    }

    private static float[] Floats(TensorFile file, StoredTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        file.ReadFloats(tensor, 0, values);
        return values;
    }
}
