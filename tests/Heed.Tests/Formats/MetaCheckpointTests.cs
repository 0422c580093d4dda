using Heed.Formats;

namespace Heed.Tests.Formats;

public sealed class MetaCheckpointTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory, InlineData(false), InlineData(true)]
    public void Open_Sample_ReadsSharedAndHalfStorages(bool zip64)
    {
        using MetaCheckpoint file = Open(ZipBuilder.Checkpoint(zip64));
        file.Tensors.Select(tensor => tensor.Name).ShouldBe(["a.weight", "b.weight", "half"]);
        file.Tensors[1].Shape.ShouldBe([3, 2]);
        Floats(file, 0).ShouldBe([1, 2, 3, 4, 5, 6]);
        Floats(file, 1).ShouldBe([7, 8, 9, 10, 11, 12]);
        file.Tensors[2].Type.ShouldBe(WeightType.F16);
        Floats(file, 2).ShouldBe([1, -1, 0, 2]);
    }

    [Fact]
    public void Open_NestedDicts_JoinsTheNamesAndLeavesOthersOut()
    {
        using MetaCheckpoint file = OpenPickle(new PickleBuilder().Op("}(")
            .Text("step").Int(7).Text("note").Text("x").Text("list").Op("](").Int(1).Op("Ne")
            .Text("model").Op("}").Text("w").Tensor("0", 12, 0, [4]).Op("s")
            .Op("u."));
        file.Tensors.ShouldHaveSingleItem().Name.ShouldBe("model.w");
    }

    [Theory]
    [InlineData(new[] { 2, 3 }, new[] { 1, 2 }, "do not lie row by row")]
    [InlineData(new[] { 2, 3 }, new[] { 0, 1 }, "do not lie row by row")]
    [InlineData(new[] { 4, 4 }, new[] { 4, 1 }, "leaves the storage")]
    [InlineData(new[] { int.MaxValue, int.MaxValue }, new[] { int.MaxValue, 1 }, "leaves the storage")]
    [InlineData(new[] { -1 }, new[] { 1 }, "are not a storage")]
    public void Open_WrongTensor_NamesIt(int[] shape, int[]? strides, string expected)
    {
        PickleBuilder pickle = new PickleBuilder().Op("}").Text("the.tensor").Tensor("0", 12, 0, shape, strides).Op("s.");
        FileFormatException error = Should.Throw<FileFormatException>(() => OpenPickle(pickle).Dispose());
        error.Message.ShouldContain(expected);
        if (shape[0] > 0) error.Item.ShouldBe("the.tensor");
    }

    [Theory, InlineData(12, 13, 0), InlineData(12, 0, 13), InlineData(11, 0, 0), InlineData(13, 0, 0)]
    public void Open_StorageThatDoesNotFit_IsRefused(int count, int offset, int elements)
    {
        PickleBuilder pickle = new PickleBuilder().Op("}").Text("x").Tensor("0", count, offset, [elements]).Op("s.");
        Should.Throw<FileFormatException>(() => OpenPickle(pickle).Dispose()).Item.ShouldBe("x");
    }

    [Fact]
    public void Open_SizeOneAxesWithOddStrides_AreContiguous()
    {
        using MetaCheckpoint file = OpenPickle(new PickleBuilder().Op("}").Text("x").Tensor("0", 12, 2, [1, 3, 1], [99, 1, 5]).Op("s."));
        Floats(file, 0).ShouldBe([3, 4, 5]);
    }

    [Fact]
    public void Open_NameTwiceOrAbsentStorage_IsRefused()
    {
        Refused(new PickleBuilder().Op("}(").Text("x").Tensor("0", 12, 0, [1]).Text("x").Tensor("0", 12, 1, [1]).Op("u.")).ShouldContain("occurs twice");
        Refused(new PickleBuilder().Op("}").Text("x").Tensor("7", 12, 0, [1]).Op("s.")).ShouldContain("no entry data/7");
        Refused(new PickleBuilder().Op("}").Text("x").Tensor("../0", 12, 0, [1]).Op("s.")).ShouldContain("no entry data/../0");
        Refused(new PickleBuilder().Op("].")).ShouldContain("not a dict of tensors");
    }

    [Fact]
    public void Open_DictInItselfOrShared_IsRefused()
    {
        // }q0 "x" h0 s: the dict is its own item.
        Refused(new PickleBuilder().Op("}q\0").Text("x").Op("h\0s.")).ShouldContain("several places");
        Refused(new PickleBuilder().Op("}(").Text("a").Op("}q\0").Text("b").Op("h\0u.")).ShouldContain("several places");
        PickleBuilder deep = new();
        for (int i = 0; i < 20; i++) deep.Op("}").Text("d");
        deep.Op("}");
        for (int i = 0; i < 20; i++) deep.Op("s");
        Refused(deep.Op(".")).ShouldContain("nested deeper");
    }

    [Fact]
    public void Open_CompressedEncryptedOrTwiceNamedEntry_IsRefused()
    {
        Refused(ZipBuilder.Checkpoint().Entry("model/data/2", [1], method: 8)).ShouldContain("compressed (method 8)");
        Refused(ZipBuilder.Checkpoint().Entry("model/data/2", [1], flags: 1)).ShouldContain("encrypted");
        Refused(ZipBuilder.Checkpoint().Entry("model/data/1", [1])).ShouldContain("occurs twice");
        Refused(ZipBuilder.Checkpoint().Entry("other/data.pkl", [1])).ShouldContain("2 entries data.pkl");
        Refused(new ZipBuilder().Entry("model/data/0", [1])).ShouldContain("0 entries data.pkl");
        Refused(new ZipBuilder().Entry("m/data.pkl", [0x80, 2, (byte)'}', (byte)'.']).Entry("m/byteorder", "big"u8.ToArray())).ShouldContain("byte order");
    }

    [Fact]
    public void Open_EntryInsideAnother_IsRefused()
    {
        // The data of entry 0 hold a whole entry named 1, and the directory is made to point at that one.
        ByteBuilder inner = new();
        inner.U32("signature", 0x04034B50).Put("fields", new byte[22]).U16("name length", 12).U16("extra length", 0).Text("name", "model/data/1").Put("data", new byte[8]);
        ByteBuilder zip = new ZipBuilder().Entry("model/data.pkl", [0x80, 2, (byte)'}', (byte)'.'])
            .Entry("model/data/0", inner.ToArray()).Entry("model/data/1", new byte[8]).Build();
        byte[] bytes = zip.ToArray();
        MetaCheckpoint.Open(folder.Write("right.pth", bytes)).Dispose();
        int target = zip.Fields.Single(field => field.Name == "local model/data/0 data").Offset;
        BitConverter.GetBytes(target).CopyTo(bytes, zip.Fields.Single(field => field.Name == "central model/data/1 start").Offset);
        FileFormatException error = Should.Throw<FileFormatException>(() => MetaCheckpoint.Open(folder.Write("wrong.pth", bytes)));
        error.Message.ShouldContain("overlaps");
        error.Item.ShouldBe("model/data/1");
    }

    [Fact]
    public void Open_BeforeZipFormat_SaysSo()
    {
        byte[] legacy = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, (byte)'.'];
        Should.Throw<FileFormatException>(() => MetaCheckpoint.Open(folder.Write("file", legacy))).Message.ShouldContain("before version 1.6");
    }

    [Fact]
    public void Open_Folder_TakesItsOnlyFileAndJoinsSeveralOfAModel()
    {
        Should.Throw<FileNotFoundException>(() => MetaCheckpoint.Open(folder.Root));
        folder.Write("consolidated.00.pth", ZipBuilder.Checkpoint().Build().ToArray());
        using (MetaCheckpoint file = MetaCheckpoint.Open(folder.Root)) file.Tensors.Count.ShouldBe(3);
        folder.Write("consolidated.01.pth", ZipBuilder.Checkpoint().Build().ToArray());
        Should.Throw<FileFormatException>(() => MetaCheckpoint.Open(folder.Root)).Message.ShouldContain("norm.weight");
    }

    private MetaCheckpoint Open(ZipBuilder zip) => MetaCheckpoint.Open(folder.Write("file.pth", zip.Build().ToArray()));

    private MetaCheckpoint OpenPickle(PickleBuilder pickle) => Open(ZipBuilder.Checkpoint(pickle.ToArray()).Entry("model/data/0", ByteBuilder.Counting(12)));

    private string Refused(PickleBuilder pickle) => Should.Throw<FileFormatException>(() => OpenPickle(pickle).Dispose()).Message;

    private string Refused(ZipBuilder zip) => Should.Throw<FileFormatException>(() => Open(zip).Dispose()).Message;

    private static float[] Floats(TensorFile file, int index)
    {
        float[] values = new float[file.Tensors[index].ElementCount];
        file.ReadFloats(file.Tensors[index], 0, values);
        return values;
    }
}
