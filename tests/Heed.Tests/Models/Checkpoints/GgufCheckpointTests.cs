using System.Buffers.Binary;
using Heed.Formats;
using Heed.Kernels.Quantization;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;
using Heed.Tests.Formats;

namespace Heed.Tests.Models.Checkpoints;

public class GgufCheckpointTests
{
    private const string A = "llama";
    private const int Hidden = 256, Inner = 512, Heads = 4, KvHeads = 2, HeadDim = 64, Vocab = 96, Layers = 2;

    private static readonly int[] s_tokens = [3, 17, 95, 0, 41, 41, 8, 60, 22];

    [Theory]
    [InlineData("llama"), InlineData("llama-gqa"), InlineData("llama-bias"), InlineData("smollm"), InlineData("llama3-scaled"), InlineData("llama-linear")]
    [InlineData("llama-yarn"), InlineData("mistral"), InlineData("qwen2"), InlineData("qwen3"), InlineData("phi3"), InlineData("phi3-partial"), InlineData("phi3-longrope")]
    [InlineData("gemma2"), InlineData("gpt2")]
    public void Forward_GoldenAsGguf_MatchesPyTorch(string family)
    {
        GoldenModel golden = new(family);
        using TempFolder temp = new();
        using Checkpoint checkpoint = Checkpoint.Open(temp.Write("model.gguf", GgufModel.FromGolden(family).Build().ToArray()));
        checkpoint.Format.ShouldBe(CheckpointFormat.Gguf);
        checkpoint.Gguf.ShouldNotBeNull();
        float[][] expected = golden.Logits();
        // GGUF does not carry Gemma's query_pre_attn_scalar; the golden's is another than the published models'.
        Transformer model = family == "gemma2"
            ? new Transformer(checkpoint.Config with { AttentionScale = (float)(1 / Math.Sqrt(24)) }, checkpoint.Weights())
            : GoldenModel.Build(checkpoint);
        for (int i = 0; i < expected.Length; i++) GoldenModel.Error(GoldenModel.Forward(model, golden.Sequences[i]), expected[i]).ShouldBeLessThan(1e-4);
    }

    [Theory]
    [InlineData("gpt2", "blk.1.attn_qkv.bias"), InlineData("gpt2", "blk.0.ffn_down.bias"), InlineData("qwen2", "blk.0.attn_k.bias"), InlineData("gemma2", "blk.0.post_ffw_norm.weight")]
    public void Row52_Open_TensorOfTheFamilyAbsent_IsNamed(string family, string tensor)
    {
        using TempFolder temp = new();
        string path = temp.Write("model.gguf", GgufModel.FromGolden(family, without: tensor).Build().ToArray());
        Should.Throw<FileFormatException>(() => Checkpoint.Open(path)).Item.ShouldBe(tensor);
    }

    /// <summary>
    /// The numbers are those of the dequantized weights: to the last bit in the exact form, where only the place of widening differs; in
    /// the fast one within what rounding each layer's inputs to 8 bits explains, half a 127th of the greatest of 32.
    /// </summary>
    [Theory]
    [InlineData(WeightType.F16), InlineData(WeightType.BF16), InlineData(WeightType.Q8_0), InlineData(WeightType.Q4_0), InlineData(WeightType.Q5_1)]
    [InlineData(WeightType.Q4_K), InlineData(WeightType.Q6_K), InlineData(WeightType.IQ4_XS)]
    public void Forward_Quantized_EqualsDequantized(WeightType type) => CheckQuantized(_ => type);

    /// <summary>As files are made in practice: some matrices of a fused layer in a finer type, the output in another.</summary>
    [Fact]
    public void Forward_MixedTypes_EqualsDequantized() => CheckQuantized(name =>
        name.Contains("attn_v", StringComparison.Ordinal) ? WeightType.Q6_K
        : name.Contains("attn_k", StringComparison.Ordinal) ? WeightType.F32
        : name.Contains("ffn_gate", StringComparison.Ordinal) ? WeightType.F32
        : name.Contains("token_embd", StringComparison.Ordinal) ? WeightType.Q8_0
        : WeightType.Q4_K);

    [Fact]
    public void Weights_MixedTypes_PackNeighbouringFloats()
    {
        using TempFolder temp = new();
        using Checkpoint checkpoint = Checkpoint.Open(temp.Write("model.gguf",
            Random(name => name.Contains("attn_q", StringComparison.Ordinal) ? WeightType.Q8_0 : WeightType.F32).Build().ToArray()));
        Transformer model = new(checkpoint.Config, checkpoint.Weights());
        StackedWeights qkv = model.Blocks[0].Attention.Qkv.ShouldBeOfType<FrozenLinear>().Weights.ShouldBeOfType<StackedWeights>();
        qkv.Parts.Length.ShouldBe(2);
        qkv.Parts[0].ShouldBeOfType<StripWeights>().Rows.ShouldBe(Heads * HeadDim);
        qkv.Parts[1].ShouldBeOfType<PackedWeights>().Rows.ShouldBe(2 * KvHeads * HeadDim);
        model.Blocks[0].FeedForward.Up.ShouldBeOfType<FrozenLinear>().Weights.ShouldBeOfType<PackedWeights>();
    }

    [Theory]
    [InlineData("general.architecture", "mamba", "'mamba', which is not supported; supported are llama")]
    [InlineData("llama.rope.scaling.type", "su", "'su', which is not supported")]
    [InlineData("general.type", "adapter", "'adapter'; expected 'model'")]
    public void Open_UnsupportedText_IsNamed(string key, string value, string expected) =>
        Refused(Random(_ => WeightType.F32, gguf => gguf.Key(key, value), without: key), key).ShouldContain(expected);

    [Theory]
    [InlineData("llama.block_count", -1, "above 0"), InlineData("llama.block_count", 0, "above 0")]
    [InlineData("llama.expert_count", 8, "mixtures of experts"), InlineData("split.count", 3, "3 files")]
    [InlineData("llama.attention.value_length", 0, "above 0"), InlineData("llama.embedding_length", 0, "above 0")]
    [InlineData("llama.context_length", int.MaxValue, "at most"), InlineData("llama.attention.sliding_window", -1, "0 or more")]
    [InlineData("llama.attention.head_count", 7, "does not divide")]
    public void Open_WrongInteger_IsNamed(string key, int value, string expected) =>
        Refused(Random(_ => WeightType.F32, gguf => gguf.Key(key, GgufValueType.Int32, BitConverter.GetBytes(value)), without: key), key).ShouldContain(expected);

    [Fact]
    public void Open_ValueLengthThatTheTensorsDoNotHave_IsRefused() =>
        Refused(Random(_ => WeightType.F32, gguf => gguf.Int("llama.attention.value_length", 32), without: "llama.attention.value_length"), null).ShouldContain("attn_");

    [Theory]
    [InlineData("llama.attention.layer_norm_rms_epsilon", float.NaN), InlineData("llama.attention.layer_norm_rms_epsilon", -1f)]
    [InlineData("llama.rope.freq_base", float.PositiveInfinity), InlineData("llama.rope.freq_base", 0f), InlineData("llama.rope.scaling.factor", -4f)]
    [InlineData("llama.logit_scale", 0.5f)]
    public void Open_WrongNumber_IsNamed(string key, float value) =>
        Refused(Random(_ => WeightType.F32, gguf => gguf.Float(key, value), without: key), key).ShouldContain("expected");

    [Theory]
    [InlineData("general.architecture"), InlineData("llama.block_count"), InlineData("llama.embedding_length"), InlineData("llama.context_length")]
    [InlineData("llama.attention.head_count"), InlineData("llama.feed_forward_length"), InlineData("llama.attention.layer_norm_rms_epsilon")]
    public void Open_KeyAbsent_IsNamed(string key) => Refused(Random(_ => WeightType.F32, without: key), key).ShouldContain("absent");

    [Fact]
    public void Open_KeyOfAnotherType_IsNamed() =>
        Refused(Random(_ => WeightType.F32, gguf => gguf.Key("llama.block_count", "two"), without: "llama.block_count"), "llama.block_count").ShouldContain("expected an integer");

    [Fact]
    public void Open_LayersBeyondTheFile_FailsBeforeAllocating()
    {
        string message = Refused(Random(_ => WeightType.F32, gguf => gguf.Int("llama.block_count", 16_384), without: "llama.block_count"), null);
        message.ShouldContain("16384 layers");
    }

    [Theory]
    [InlineData(31, 1f), InlineData(32, 0f), InlineData(32, float.NaN)]
    public void Open_WrongFrequencyFactors_IsNamed(int count, float value) => Refused(
        Random(_ => WeightType.F32, gguf => gguf.Tensor("rope_freqs.weight", [count], 0, GgufModel.Bytes([.. Enumerable.Repeat(value, count)]))), "rope_freqs.weight");

    [Fact]
    public void Open_OutputEqualToTheTable_IsTied()
    {
        using TempFolder temp = new();
        byte[] table = new byte[Vocab * Hidden * 4];
        GgufBuilder same = Random(_ => WeightType.F32, gguf => gguf.Tensor("token_embd.weight", [Hidden, Vocab], 0, table).Tensor("output.weight", [Hidden, Vocab], 0, table), "token_embd.weight");
        using (Checkpoint tied = Checkpoint.Open(temp.Write("tied.gguf", same.Build().ToArray()))) tied.Config.TieEmbeddings.ShouldBeTrue();
        byte[] other = [.. table];
        other[^2] = 0x3F;
        GgufBuilder differs = Random(_ => WeightType.F32, gguf => gguf.Tensor("token_embd.weight", [Hidden, Vocab], 0, table).Tensor("output.weight", [Hidden, Vocab], 0, other), "token_embd.weight");
        using (Checkpoint untied = Checkpoint.Open(temp.Write("untied.gguf", differs.Build().ToArray()))) untied.Config.TieEmbeddings.ShouldBeFalse();
    }

    private static string Refused(GgufBuilder gguf, string? item)
    {
        using TempFolder temp = new();
        string path = temp.Write("model.gguf", gguf.Build().ToArray());
        long before = GC.GetAllocatedBytesForCurrentThread();
        FileFormatException error = Should.Throw<FileFormatException>(() => Checkpoint.Open(path));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(4 << 20);
        if (item is not null) error.Item.ShouldBe(item);
        error.Message.ShouldContain("model.gguf");
        return error.Message;
    }

    private static void CheckQuantized(Func<string, WeightType> typeOf)
    {
        using TempFolder temp = new();
        string path = temp.Write("quantized.gguf", Random(typeOf).Build().ToArray());
        using Checkpoint quantized = Checkpoint.Open(path);
        GgufBuilder plain = Random(_ => WeightType.F32, replace: name =>
        {
            quantized.Files.TryGet(name, out StoredTensor? tensor).ShouldBeTrue(name);
            float[] values = new float[tensor!.ElementCount];
            quantized.Files.ReadFloats(tensor, 0, values);
            return GgufModel.Bytes(values);
        });
        using Checkpoint floats = Checkpoint.Open(temp.Write("floats.gguf", plain.Build().ToArray()));
        float[] expected = Logits(floats), exact = Logits(quantized, WeightForm.Exact), fast = Logits(quantized);
        expected.ShouldAllBe(value => float.IsFinite(value));
        expected.Max().ShouldBeGreaterThan(expected.Min() + 0.1f);
        exact.ShouldBe(expected);
        // One product's relative error is about 1/127 · 1/√12 · (greatest of 32 / their root mean square, about 2.3) = 0.5 %; errors of the
        // layers' products add up as independent ones do. Halves are not rounded at all.
        double scale = Math.Sqrt(expected.Average(value => (double)value * value)), error = Math.Sqrt(expected.Zip(fast, (a, b) => Math.Pow(a - b, 2)).Average());
        if (quantized.Files.Tensors.Any(tensor => tensor.Type is not (WeightType.F16 or WeightType.BF16 or WeightType.F32))) (error / scale).ShouldBeInRange(1e-5, 0.025);
        else fast.ShouldBe(expected);
    }

    private static float[] Logits(Checkpoint checkpoint, WeightForm form = WeightForm.Fast) =>
        GoldenModel.Forward(new Transformer(checkpoint.Config, checkpoint.Weights(form: form)), s_tokens);

    /// <summary>A tied model with random weights of the given types.</summary>
    internal static GgufBuilder Random(Func<string, WeightType> typeOf, Action<GgufBuilder>? more = null, string? without = null, Func<string, byte[]>? replace = null)
    {
        GgufBuilder gguf = new();
        (string Key, Action Add)[] keys =
        [
            ("general.architecture", () => gguf.Key("general.architecture", A)), ("llama.context_length", () => gguf.Int("llama.context_length", 64)),
            ("llama.embedding_length", () => gguf.Int("llama.embedding_length", Hidden)), ("llama.block_count", () => gguf.Int("llama.block_count", Layers)),
            ("llama.feed_forward_length", () => gguf.Int("llama.feed_forward_length", Inner)), ("llama.attention.head_count", () => gguf.Int("llama.attention.head_count", Heads)),
            ("llama.attention.head_count_kv", () => gguf.Int("llama.attention.head_count_kv", KvHeads)),
            ("llama.attention.layer_norm_rms_epsilon", () => gguf.Float("llama.attention.layer_norm_rms_epsilon", 1e-5)),
        ];
        foreach ((string key, Action add) in keys)
            if (key != without) add();
        Add("token_embd.weight", Vocab, Hidden);
        for (int i = 0; i < Layers; i++)
        {
            Add($"blk.{i}.attn_norm.weight", 0, Hidden);
            Add($"blk.{i}.attn_q.weight", Heads * HeadDim, Hidden);
            Add($"blk.{i}.attn_k.weight", KvHeads * HeadDim, Hidden);
            Add($"blk.{i}.attn_v.weight", KvHeads * HeadDim, Hidden);
            Add($"blk.{i}.attn_output.weight", Hidden, Heads * HeadDim);
            Add($"blk.{i}.ffn_norm.weight", 0, Hidden);
            Add($"blk.{i}.ffn_gate.weight", Inner, Hidden);
            Add($"blk.{i}.ffn_up.weight", Inner, Hidden);
            Add($"blk.{i}.ffn_down.weight", Hidden, Inner);
        }
        Add("output_norm.weight", 0, Hidden);
        more?.Invoke(gguf);
        return gguf;

        void Add(string name, int rows, int columns)
        {
            if (name == without) return;
            WeightType type = rows == 0 ? WeightType.F32 : typeOf(name);
            GgmlTypes.TryGetNumber(type, out uint number).ShouldBeTrue();
            byte[] data = replace?.Invoke(name) ?? Blocks(type, Math.Max(rows, 1) * columns, name);
            gguf.Tensor(name, rows == 0 ? [columns] : [columns, rows], number, data);
        }
    }

    // Random quants; the scales, which stand at known places, become small numbers so that the model stays in range.
    private static byte[] Blocks(WeightType type, int elements, string name)
    {
        Random random = new(name.Length * 31 + elements);
        BlockSizes.TryByteLength(type, elements, out long length).ShouldBeTrue();
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        int size = BlockSizes.BytesPerBlock(type);
        (int[] scales, double scale) = type switch
        {
            WeightType.Q8_0 => ([0], 0.0006),
            WeightType.Q4_0 => ([0], 0.009),
            WeightType.Q5_1 => (new[] { 0, 2 }, 0.004),
            WeightType.Q4_K => ([0, 2], 0.0002),
            WeightType.Q6_K => ([208], 0.00003),
            WeightType.IQ4_XS => ([0], 0.00003),
            _ => ([0], 0.05),
        };
        for (int at = 0; at < bytes.Length; at += size)
        {
            double value = scale * (0.5 + random.NextDouble()) * (random.Next(2) * 2 - 1);
            switch (type)
            {
                case WeightType.F32: BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at), (float)value); break;
                case WeightType.BF16: BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), (ushort)(BitConverter.SingleToUInt32Bits((float)value) >> 16)); break;
                default:
                    foreach (int place in scales) BinaryPrimitives.WriteHalfLittleEndian(bytes.AsSpan(at + place), (Half)value);
                    break;
            }
        }
        return bytes;
    }
}
