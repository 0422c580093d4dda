using System.Buffers.Binary;
using Heed.Formats;
using static Heed.Tests.Formats.Llama2cBuilder;

namespace Heed.Tests.Formats;

public sealed class Llama2cFileTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory, InlineData(true), InlineData(false)]
    public void OpenVersion0_Sample_FindsEachPart(bool shared)
    {
        using Llama2cFile file = Open(Version0(shared));
        file.Header.ShouldBe(new Llama2cHeader(Dim, Hidden, Layers, Heads, KvHeads, Vocab, SeqLen, shared, 0, 0));
        First(file, "token_embedding_table").ShouldBe(1);
        int at = 1 + Vocab * Dim;
        First(file, "layers.1.rms_att_weight").ShouldBe(at + Dim);
        at += Layers * Dim;
        First(file, "layers.0.wq").ShouldBe(at);
        First(file, "layers.1.wq").ShouldBe(at + Dim * Dim);
        at += Layers * Dim * Dim;
        First(file, "layers.1.wk").ShouldBe(at + Kv * Dim);
        at += 2 * Layers * Kv * Dim;
        First(file, "layers.0.wo").ShouldBe(at);
        at += Layers * Dim * Dim;
        First(file, "layers.0.rms_ffn_weight").ShouldBe(at);
        at += Layers * Dim;
        First(file, "layers.0.w1").ShouldBe(at);
        First(file, "layers.0.w2").ShouldBe(at + Layers * Hidden * Dim);
        First(file, "layers.1.w3").ShouldBe(at + 5 * Hidden * Dim);
        at += 3 * Layers * Hidden * Dim;
        First(file, "rms_final_weight").ShouldBe(at);
        at += Dim + SeqLen * (Dim / Heads / 2) * 2;
        file.TryGet("wcls", out _).ShouldBe(!shared);
        if (!shared) First(file, "wcls").ShouldBe(at);
        Shape(file, "layers.0.wk").ShouldBe([Kv, Dim]);
        Shape(file, "layers.0.w2").ShouldBe([Dim, Hidden]);
        Shape(file, "rms_final_weight").ShouldBe([Dim]);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void OpenVersion1_Sample_FindsEachPart(bool shared)
    {
        using Llama2cFile file = Open(Version1(shared));
        file.Header.ShouldBe(new Llama2cHeader(Dim, Hidden, Layers, Heads, KvHeads, Vocab, SeqLen, shared, 1, 0));
        First(file, "layers.1.rms_att_weight").ShouldBe(1 + Dim);
        First(file, "layers.0.rms_ffn_weight").ShouldBe(1 + Layers * Dim);
        First(file, "rms_final_weight").ShouldBe(1 + 2 * Layers * Dim);
        int at = 1 + (2 * Layers + 1) * Dim;
        First(file, "token_embedding_table").ShouldBe(at);
        First(file, "layers.0.wq").ShouldBe(at + Vocab * Dim);
        file.Tensors.Count.ShouldBe(2 + 9 * Layers + (shared ? 0 : 1));
    }

    [Fact]
    public void OpenVersion2_Sample_AppliesTheGroupScales()
    {
        using Llama2cFile file = Open(Version2(shared: false));
        file.Header.GroupSize.ShouldBe(Group);
        foreach (StoredTensor tensor in file.Tensors)
        {
            if (tensor.Shape.Length == 1)
            {
                tensor.Type.ShouldBe(WeightType.F32);
                continue;
            }
            tensor.Type.ShouldBe(WeightType.I8);
            tensor.GroupSize.ShouldBe(Group);
            float[] expected = [.. Enumerable.Range(0, (int)tensor.ElementCount).Select(i => (float)(i % 7 - 3) * (i / Group + 1))];
            float[] actual = new float[expected.Length];
            file.ReadFloats(tensor, 0, actual);
            actual.ShouldBe(expected, tensor.Name);
            for (int first = 0; first < 9; first++)
            {
                float[] part = new float[11];
                file.ReadFloats(tensor, first, part);
                part.ShouldBe(expected[first..(first + 11)], tensor.Name);
            }
        }
    }

    [Theory]
    [InlineData("dim", 0, "dim"), InlineData("dim", -8, "dim"), InlineData("dim", int.MaxValue, "n_heads"), InlineData("n_heads", 3, "n_heads")]
    [InlineData("n_kv_heads", 3, "n_kv_heads"), InlineData("n_layers", 1 << 30, "n_layers"), InlineData("n_layers", 9999, null), InlineData("n_layers", 1, null)]
    [InlineData("hidden_dim", int.MaxValue, "layers.0.w1"), InlineData("vocab_size", int.MaxValue, "token_embedding_table"), InlineData("max_seq_len", 0, "max_seq_len")]
    [InlineData("version", 3, null), InlineData("version", 0, null), InlineData("group_size", 0, "group_size"), InlineData("group_size", -1, "group_size")]
    [InlineData("group_size", 7, "token_embedding_table"), InlineData("group_size", 8, null), InlineData("shared_classifier", 2, "shared_classifier")]
    public void Open_WrongHeaderField_NamesIt(string name, int value, string? item)
    {
        ByteBuilder built = Version2(shared: false);
        byte[] bytes = built.ToArray();
        Field field = built.Fields.First(field => field.Name == name);
        if (field.Size == 1) bytes[field.Offset] = (byte)value;
        else BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(field.Offset), value);
        FileFormatException error = Should.Throw<FileFormatException>(() => Llama2cFile.Open(folder.Write("file", bytes)));
        if (item is not null) error.Item.ShouldBe(item);
        error.Offset.ShouldNotBeNull();
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public void Open_TrailingByte_IsRefused(int version)
    {
        ByteBuilder built = version switch { 0 => Version0(true), 1 => Version1(true), _ => Version2(true) };
        Should.Throw<FileFormatException>(() => Open(built.U8("more", 0))).Message.ShouldContain("trailing");
    }

    private Llama2cFile Open(ByteBuilder builder) => Llama2cFile.Open(folder.Write("file.bin", builder.ToArray()));

    private static long[] Shape(Llama2cFile file, string name)
    {
        file.TryGet(name, out StoredTensor? tensor).ShouldBeTrue(name);
        return tensor!.Shape;
    }

    private static float First(Llama2cFile file, string name)
    {
        file.TryGet(name, out StoredTensor? tensor).ShouldBeTrue(name);
        float[] value = new float[1];
        file.ReadFloats(tensor!, 0, value);
        return value[0];
    }
}
