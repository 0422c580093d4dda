using Heed.Formats;

namespace Heed.Tests.Formats;

public sealed class GgufFileTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory, InlineData(1u, 32), InlineData(2u, 32), InlineData(3u, 32), InlineData(3u, 1), InlineData(3u, 4096)]
    public void Open_Sample_GivesTensorsAndMetadata(uint version, int alignment)
    {
        using GgufFile file = Open(GgufBuilder.Sample(version, alignment));
        file.Version.ShouldBe(version);
        file.Tensors.Select(tensor => tensor.Name).ShouldBe(["a.weight", "b.weight", "scalar"]);
        file.Tensors[0].Shape.ShouldBe([3, 4]);
        Floats(file, "a.weight").ShouldBe([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        Floats(file, "b.weight").ShouldBe([.. Enumerable.Range(-16, 32).Select(i => (float)i)]);
        Floats(file, "scalar").ShouldBe([1]);

        GgufMetadata metadata = file.Metadata;
        metadata.GetString("general.architecture").ShouldBe("llama");
        metadata.GetInt("some.u8").ShouldBe(200);
        metadata.GetInt("some.i8").ShouldBe(-2);
        metadata.GetInt("some.u16").ShouldBe(65535);
        metadata.GetInt("some.i16").ShouldBe(-2);
        metadata.GetInt("some.i32").ShouldBe(-7);
        metadata.GetLong("some.u32").ShouldBe(uint.MaxValue);
        metadata.GetLong("some.i64").ShouldBe(-9);
        metadata.GetFloat("some.f32").ShouldBe(1.5f);
        metadata.GetFloat("some.f64").ShouldBe(0.1f);
        metadata.GetFloat("some.i32").ShouldBe(-7f);
        metadata.GetBool("some.bool").ShouldBeTrue();
        metadata.GetStrings("some.texts").ShouldBe(["a", "", "größer"]);
        metadata.GetInts("some.ints").ShouldBe([1, 2, -1]);
        metadata.GetFloats("some.floats").ShouldBe([0.5f, -2f]);
        metadata.GetFloats("some.ints").ShouldBe([1f, 2f, -1f]);
        metadata.CountOf("some.texts").ShouldBe(3);
        metadata.ElementTypeOf("some.texts").ShouldBe(GgufValueType.String);
        metadata.Preview("some.u64").ShouldBe("18446744073709551615");
        metadata.Preview("some.nested").ShouldBe("an array of 1 Array");
    }

    [Fact]
    public void Getters_AbsentMistypedOrTooLarge_SayKeyAndType()
    {
        using GgufFile file = Open(GgufBuilder.Sample(3));
        GgufMetadata metadata = file.Metadata;
        Wrong(() => metadata.GetInt("no.such")).ShouldContain("'no.such'");
        Wrong(() => metadata.GetInt("some.u64")).ShouldContain("18446744073709551615");
        Wrong(() => metadata.GetLong("some.u64")).ShouldContain("'some.u64' at byte");
        Wrong(() => metadata.GetInt("some.u32")).ShouldContain("4294967295");
        Wrong(() => metadata.GetInt("some.f32")).ShouldContain("Float32; expected an integer");
        Wrong(() => metadata.GetString("some.bool")).ShouldContain("Bool; expected text");
        Wrong(() => metadata.GetBool("some.u8")).ShouldContain("UInt8; expected a truth value");
        Wrong(() => metadata.GetStrings("some.ints")).ShouldContain("an array of 3 Int16; expected an array of text");
        Wrong(() => metadata.GetInts("some.nested")).ShouldContain("an array of 1 Array");
        Wrong(() => metadata.TryGetInt("some.texts", out _)).ShouldContain("expected an integer");
        metadata.TryGetString("no.such", out string? text).ShouldBeFalse();
        text.ShouldBeNull();
        metadata.TryGetBool("some.bool", out bool truth).ShouldBeTrue();
        truth.ShouldBeTrue();
    }

    [Fact]
    public void GetBool_ByteTwo_IsRefused()
    {
        using GgufFile file = Open(new GgufBuilder().Key("flag", GgufValueType.Bool, [2]));
        Wrong(() => file.Metadata.GetBool("flag")).ShouldContain("expected 0 or 1");
    }

    [Fact]
    public void Open_BigEndian_SaysSo()
    {
        byte[] bytes = GgufBuilder.Sample(3).Build().ToArray();
        bytes.AsSpan(4, 4).Reverse();
        Wrong(() => GgufFile.Open(folder.Write("big", bytes))).ShouldContain("big-endian");
    }

    [Theory, InlineData("lmgg"), InlineData("tjgg")]
    public void Open_OlderGgml_SaysSo(string magic) =>
        Wrong(() => GgufFile.Open(folder.Write("old", new GgufBuilder().Build(magic).ToArray()))).ShouldContain("before GGUF");

    [Fact]
    public void Open_UnsupportedType_NamesTensorAndNumber()
    {
        FileFormatException error = Refused(new GgufBuilder().Tensor("x", [256], 16, new byte[66]));
        error.Item.ShouldBe("x");
        error.Message.ShouldContain("16 (IQ2_XXS)");
        Refused(new GgufBuilder().Tensor("x", [256], 4711, new byte[66])).Message.ShouldContain("ggml type 4711");
    }

    [Fact]
    public void Open_WrongTensors_NamesTheTensorAndWhatIsWrong()
    {
        byte[] data = ByteBuilder.Counting(16);
        Refused(Tensors().Tensor("x", [8], 0, data, offset: 33)).Message.ShouldContain("not a multiple of the alignment 32");
        Refused(Tensors().Tensor("x", [16], 0, data, offset: 1 << 20)).Message.ShouldContain("leave the file");
        Refused(Tensors().Tensor("x", [16], 0, data, offset: long.MinValue)).Message.ShouldContain("leave the file");
        Refused(Tensors().Tensor("x", [16], 0, data, offset: 32)).Message.ShouldContain("overlap");
        Refused(Tensors().Tensor("x", [4, 0], 0, [])).Message.ShouldContain("dimension of 0");
        Refused(Tensors().Tensor("x", [long.MaxValue, long.MaxValue], 0, data)).Message.ShouldContain("cannot be in a file");
        Refused(Tensors().Tensor("x", [1L << 62], 0, data)).Message.ShouldContain("cannot be in a file");
        Refused(Tensors().Tensor("x", [-1], 0, data)).Message.ShouldContain("too large");
        Refused(Tensors().Tensor("x", [16, 2], 2, new byte[18])).Message.ShouldContain("no whole number of Q4_0 blocks");
        Refused(Tensors().Tensor("x", [1, 1, 1, 1, 1], 0, data)).Message.ShouldContain("5 dimensions");
        Refused(Tensors().Tensor("first", [16], 0, data)).Message.ShouldContain("occurs twice");

        static GgufBuilder Tensors() => new GgufBuilder().Tensor("first", [16], 0, ByteBuilder.Counting(16));
    }

    [Fact]
    public void Open_WrongMetadata_NamesTheKey()
    {
        Refused(new GgufBuilder().Key("k", "a").Key("k", "b")).Message.ShouldContain("occurs twice");
        Refused(new GgufBuilder().Key("k", (GgufValueType)13, [1])).Message.ShouldContain("value type 13");
        Refused(new GgufBuilder().Nested("k", depth: 5)).Message.ShouldContain("nested deeper");
        Refused(new GgufBuilder().Array("k", GgufValueType.String, long.MaxValue, [1, 2, 3])).Message.ShouldContain("cannot hold so many");
        Refused(new GgufBuilder().Array("k", GgufValueType.UInt64, (1L << 61) + 1, [1, 2, 3])).Message.ShouldContain("cannot hold so many");
        Refused(new GgufBuilder(3, 32).Key("general.alignment", GgufValueType.UInt32, [24, 0, 0, 0])).Message.ShouldContain("power of two");
        Refused(new GgufBuilder(3, 32).Key("general.alignment", GgufValueType.UInt32, [0, 0, 0, 0])).Message.ShouldContain("power of two");
        Refused(new GgufBuilder(3, 32).Key("general.alignment", "32")).Message.ShouldContain("expected an integer");
    }

    [Fact]
    public void Open_KeyThatIsNotUtf8_IsRefused()
    {
        ByteBuilder built = new GgufBuilder().Key("abc", "x").Build();
        byte[] bytes = built.ToArray();
        bytes[built.Fields.Single(field => field.Name == "abc key").Offset] = 0xC0;
        Wrong(() => GgufFile.Open(folder.Write("file", bytes))).ShouldContain("not UTF-8");
    }

    [Fact]
    public void Open_HugeStringCount_AllocatesNoArrayForIt()
    {
        // Sixteen megabytes after the count make the claim of two million strings of eight bytes credible at first.
        byte[] bytes = new GgufBuilder().Array("k", GgufValueType.String, 2_000_000, Enumerable.Repeat((byte)0xFF, 16_000_000).ToArray()).Build().ToArray();
        string path = folder.Write("file", bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<FileFormatException>(() => GgufFile.Open(path));
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);
    }

    [Fact]
    public void Tensors_StoredOutOfOrder_AreGivenInFileOrder()
    {
        using GgufFile file = Open(new GgufBuilder()
            .Tensor("late", [8], 0, ByteBuilder.Counting(8), offset: 32).Tensor("early", [8], 0, ByteBuilder.Counting(8, 100), offset: 0));
        file.Tensors.Select(tensor => tensor.Name).ShouldBe(["early", "late"]);
        Floats(file, "early").ShouldBe([1, 2, 3, 4, 5, 6, 7, 8]);
        Floats(file, "late")[0].ShouldBe(100);
    }

    [Fact]
    public void Metadata_AfterDispose_Throws()
    {
        GgufFile file = Open(GgufBuilder.Sample(3));
        file.Dispose();
        Should.Throw<ObjectDisposedException>(() => file.Metadata.GetInt("some.i32"));
    }

    private GgufFile Open(GgufBuilder builder) => GgufFile.Open(folder.Write("file.gguf", builder.Build().ToArray()));

    private FileFormatException Refused(GgufBuilder builder) => Should.Throw<FileFormatException>(() => Open(builder).Dispose());

    private static string Wrong(Action action) => Should.Throw<FileFormatException>(action).Message;

    private static float[] Floats(TensorFile file, string name)
    {
        file.TryGet(name, out StoredTensor? tensor).ShouldBeTrue();
        float[] values = new float[tensor!.ElementCount];
        file.ReadFloats(tensor, 0, values);
        return values;
    }
}
