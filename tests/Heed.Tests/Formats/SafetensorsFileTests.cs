using System.Text;
using Heed.Formats;

namespace Heed.Tests.Formats;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Open_Sample_GivesTensorsAndMetadata()
    {
        using SafetensorsFile file = SafetensorsFile.Open(folder.Write("sample", SafetensorsBuilder.Sample().ToArray()));
        file.Metadata["format"].ShouldBe("pt");
        file.Tensors.Select(tensor => tensor.Name).ShouldBe(["a.weight", "half", "empty", "scalar"]);
        file.Tensors.Select(tensor => tensor.Type).ShouldBe([WeightType.F32, WeightType.F16, WeightType.I64, WeightType.BF16]);
        file.Tensors[0].Shape.ShouldBe([2, 3]);
        file.Tensors[2].ElementCount.ShouldBe(0);
        float[] half = new float[3], scalar = new float[1];
        file.ReadFloats(file.Tensors[1], 0, half);
        file.ReadFloats(file.Tensors[2], 0, []);
        file.ReadFloats(file.Tensors[3], 0, scalar);
        half.ShouldBe([1, -2, 0]);
        scalar.ShouldBe([1]);
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "occurs twice")]
    [InlineData("""{"x":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "'dtype' occurs twice")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", 0, "occurs twice")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "expected String")]
    [InlineData("""{"x":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}""", 1, "'F8_E4M3' cannot be read")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "do not fit shape [2]")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}""", 4, "do not fit shape")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"x":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "leave the 4 bytes")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 4, "leave the 4 bytes")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "a hole")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", 6, "an overlap")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "the file is")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", 4, "more than 2 numbers")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "two 'data_offsets'")]
    [InlineData("""{"x":{"shape":[1],"data_offsets":[0,4]}}""", 4, "needs 'dtype'")]
    [InlineData("""{"x":[]}""", 0, "expected StartObject")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} x""", 4, "not the JSON")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}""", 4, "not the JSON")]
    [InlineData("""{"x":{"more":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]],"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "not the JSON")]
    [InlineData("""[1,2,3]""", 0, "does not begin with '{'")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "not the JSON")]
    public void Open_WrongHeader_SaysWhatIsWrong(string header, int dataBytes, string expected)
    {
        string path = folder.Write("file", SafetensorsBuilder.Build(header, new byte[dataBytes]).ToArray());
        Should.Throw<FileFormatException>(() => SafetensorsFile.Open(path)).Message.ShouldContain(expected);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(-1), InlineData(100_000_001), InlineData(long.MaxValue), InlineData(200)]
    public void Open_WrongHeaderLength_IsRefused(long length)
    {
        string path = folder.Write("file", SafetensorsBuilder.Build("""{"__metadata__":{}}""", [], length).ToArray());
        Should.Throw<FileFormatException>(() => SafetensorsFile.Open(path)).Message.ShouldContain("header's length");
    }

    [Fact]
    public void Open_NameThatIsNotUtf8_IsRefused()
    {
        byte[] bytes = SafetensorsBuilder.Build("""{"xyz":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", new byte[4]).ToArray();
        bytes[8 + 2] = 0xFF;
        Should.Throw<FileFormatException>(() => SafetensorsFile.Open(folder.Write("file", bytes)));
    }

    [Fact]
    public void Open_UnknownFieldAndPadding_AreAccepted()
    {
        string header = """{"x":{"note":{"a":[1]},"dtype":"F32","shape":[1],"data_offsets":[0,4]}}     """;
        using SafetensorsFile file = SafetensorsFile.Open(folder.Write("file", SafetensorsBuilder.Build(header, ByteBuilder.Counting(1)).ToArray()));
        file.Tensors.Count.ShouldBe(1);
    }

    [Fact]
    public void Open_DeeplyNestedHeader_IsRefusedWithoutOverflow()
    {
        string header = "{\"x\":" + new string('[', 1_000_000);
        Should.Throw<FileFormatException>(() => SafetensorsFile.Open(folder.Write("file", Encoding.UTF8.GetBytes("\0\0\0\0\0\0\0\0" + header)))).ShouldNotBeNull();
        Should.Throw<FileFormatException>(() => SafetensorsFile.Open(folder.Write("file", SafetensorsBuilder.Build(header, []).ToArray()))).ShouldNotBeNull();
    }
}
