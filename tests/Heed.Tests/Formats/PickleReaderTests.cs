using Heed.Formats;

namespace Heed.Tests.Formats;

public sealed class PickleReaderTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Read_Values_GivesThem()
    {
        object? value = Read(new PickleBuilder().Op("(").Int(-5).Op("K\xFFM\x01\x02").Raw(0x8A, 2, 0xFE, 0xFF).Raw(0x8A, 0)
            .Op("N").Raw(0x88, 0x89).Op("G").Raw(0x3F, 0xF8, 0, 0, 0, 0, 0, 0).Text("ü").Raw(0x8C, 1, (byte)'z').Op("]K\x01" + "at."));
        object?[] tuple = value.ShouldBeOfType<object?[]>();
        tuple[..9].ShouldBe([-5L, 255L, 513L, -2L, 0L, null, true, false, 1.5]);
        tuple[9..11].ShouldBe(["ü", "z"]);
        tuple[11].ShouldBeOfType<List<object?>>().ShouldBe([1L]);
    }

    [Fact]
    public void Read_MemoAndTuples_RecallsTheSameObject()
    {
        object? value = Read(new PickleBuilder().Text("a").Op("q\x05" + "0h\x05h\x05\x86r\0\x01\0\0" + "0j\0\x01\0\0\x85."));
        object?[] outer = value.ShouldBeOfType<object?[]>();
        object?[] inner = outer.ShouldHaveSingleItem().ShouldBeOfType<object?[]>();
        inner[0].ShouldBeSameAs(inner[1]);
    }

    [Fact]
    public void Read_Protocol4Opcodes_AreKnown()
    {
        PickleBuilder pickle = new();
        pickle.Raw(0x95, 9, 0, 0, 0, 0, 0, 0, 0).Raw(0x8C, 11).Op("collections").Raw(0x8C, 11).Op("OrderedDict").Raw(0x93, 0x94).Op(")R\x94.");
        Read(pickle).ShouldBeOfType<PickleDictionary>();
    }

    [Theory]
    [InlineData("os", "system"), InlineData("builtins", "eval"), InlineData("__builtin__", "getattr"), InlineData("torch", "load")]
    [InlineData("torch._utils", "_rebuild_parameter"), InlineData("collections", "defaultdict"), InlineData("collections.OrderedDict", "x"), InlineData("", "")]
    public void Read_AnyOtherGlobal_IsRefusedByNameAndOffset(string module, string name)
    {
        PickleBuilder pickle = new PickleBuilder().Op("}").Text("key");
        int at = pickle.Position;
        FileFormatException error = Refused(pickle.Global(module, name).Text("echo hello").Raw(0x85).Op("Rs."));
        error.Message.ShouldContain($"'{module}.{name}'");
        error.Message.ShouldContain($"opcode at {at}");
        error.Offset.ShouldBe(at);

        PickleBuilder stacked = new PickleBuilder().Text(module).Text(name).Raw(0x93).Op(".");
        Refused(stacked).Message.ShouldContain($"'{module}.{name}'");
    }

    [Theory]
    [InlineData("i", "opcode 0x69"), InlineData("o", "opcode 0x6f"), InlineData("\x81", "opcode 0x81"), InlineData("\x92", "opcode 0x92"), InlineData("P0\n", "opcode 0x50")]
    [InlineData("\x82\x01", "opcode 0x82"), InlineData("I1\n", "opcode 0x49"), InlineData("\x97", "opcode 0x97"), InlineData("B\x01\0\0\0x", "opcode 0x42"), InlineData("\xFF", "opcode 0xff")]
    [InlineData("0", "stack is empty"), InlineData("2", "stack is empty"), InlineData("t", "no mark"), InlineData("(0", "stack is empty"), InlineData("\x85", "stack is empty")]
    [InlineData("h\0", "memo has nothing at 0"), InlineData("j\xFF\xFF\xFF\xFF", "memo has nothing"), InlineData("q\0", "stack is empty")]
    [InlineData("NNs", "stack is empty"), InlineData("NNNs", "other than a dict"), InlineData("}NNs", "neither text nor a number"), InlineData("}(K\x01u", "without a value")]
    [InlineData("NNa", "other than a list"), InlineData("N(Ne", "other than a list"), InlineData("NNb", "other than a dict"), InlineData("}Nb", "other than a dict")]
    [InlineData("K\x01)R", "no known name"), InlineData("NNR", "no known name"), InlineData("NQ", "not describe a storage"), InlineData("ccollections\nOrderedDict\nNR", "no known name")]
    [InlineData("ccollections\nOrderedDict\n(NtR", "'collections.OrderedDict' is called with 1"), InlineData("ctorch\nFloatStorage\n)R", "'torch.FloatStorage' is called with 0")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v2\n)R", "are not a storage"), InlineData("(X\x07\0\0\0storageccollections\nOrderedDict\nX\x01\0\0\0" + "0NK\x01tQ", "a storage has type")]
    [InlineData("X\xFF\xFF\xFF\xFFx", "truncated"), InlineData("\x8D\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFx", "truncated"), InlineData("X\x01\0\0\0\xC0", "not UTF-8"), InlineData("J\x01", "truncated")]
    [InlineData("\x8A\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01", "integer of 9 bytes"), InlineData("cabc", "has no end"), InlineData("NN.", "left over"), InlineData("(N.", "left over"), InlineData(".", "stack is empty")]
    [InlineData("\x80\x09", "protocol 9"), InlineData("", "truncated")]
    public void Read_WrongOpcodes_SaysWhat(string opcodes, string expected) => Refused(new PickleBuilder().Op(opcodes)).Message.ShouldContain(expected);

    [Fact]
    public void Read_DeepMarksAndFullStack_AreBounded()
    {
        Refused(new PickleBuilder().Op(new string('(', 1001))).Message.ShouldContain("nested deeper");
        Refused(new PickleBuilder().Op(new string('N', (1 << 20) + 1))).Message.ShouldContain("stack holds more");
        PickleBuilder memo = new PickleBuilder().Op("N").Raw(Enumerable.Repeat((byte)0x94, (1 << 20) + 1).ToArray());
        Refused(memo).Message.ShouldContain("memo holds more");
        Refused(new PickleBuilder().Op(string.Concat(Enumerable.Repeat("N0", (1 << 22) + 1)))).Message.ShouldContain("opcodes");
    }

    private object? Read(PickleBuilder pickle)
    {
        byte[] bytes = pickle.ToArray();
        using MappedFile file = MappedFile.Open(folder.Write("pickle", bytes));
        return PickleReader.Read(file, "data.pkl", 0, bytes.Length);
    }

    private FileFormatException Refused(PickleBuilder pickle) => Should.Throw<FileFormatException>(() => Read(pickle));
}
