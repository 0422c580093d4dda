using System.Text;
using Heed.Formats;

namespace Heed.Tests.Formats;

public sealed class ShardedSafetensorsTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Open_FolderWithOneFile_GivesItsTensors()
    {
        folder.Write("model.safetensors", SafetensorsBuilder.Sample().ToArray());
        using ShardedSafetensors file = ShardedSafetensors.Open(folder.Root);
        file.Path.ShouldBe(folder.Root);
        file.Tensors.Count.ShouldBe(4);
    }

    [Fact]
    public void Open_TwoShards_ReadsEachTensorFromItsFile()
    {
        Shard("s1.safetensors", "x", 1);
        Shard("s2.safetensors", "y", 7);
        Index("""{"metadata":{"total_size":8},"weight_map":{"y":"s2.safetensors","x":"s1.safetensors"}}""");
        using ShardedSafetensors file = ShardedSafetensors.Open(folder.Root);
        file.Tensors.Select(tensor => tensor.Name).ShouldBe(["x", "y"]);
        file.Files.Select(Path.GetFileName).ShouldBe(["s1.safetensors", "s2.safetensors"]);
        Value(file, "x").ShouldBe(1);
        Value(file, "y").ShouldBe(7);
        using ShardedSafetensors byIndex = ShardedSafetensors.Open(folder.File("model.safetensors.index.json"));
        Value(byIndex, "y").ShouldBe(7);
    }

    [Theory]
    [InlineData("""{"weight_map":{"x":"s2.safetensors","y":"s2.safetensors"}}""", "'x': the index says that the tensor is in s2.safetensors")]
    [InlineData("""{"weight_map":{"x":"s1.safetensors","z":"s1.safetensors"}}""", "'z': the index says")]
    [InlineData("""{"weight_map":{"x":"../s1.safetensors"}}""", "no plain file name")]
    [InlineData("""{"weight_map":{"x":".."}}""", "no plain file name")]
    [InlineData("""{"weight_map":{"x":"/etc/passwd"}}""", "no plain file name")]
    [InlineData("""{"weight_map":{"x":"C:\\x"}}""", "no plain file name")]
    [InlineData("""{"weight_map":{"x":"s1.safetensors","x":"s1.safetensors"}}""", "occurs twice")]
    [InlineData("""{"weight_map":{},"weight_map":{}}""", "occurs twice")]
    [InlineData("""{"weight_map":{"x":1}}""", "not text")]
    [InlineData("""{"weight_map":[]}""", "not an object")]
    [InlineData("""{"metadata":{}}""", "no object 'weight_map'")]
    [InlineData("""[]""", "not a JSON object")]
    [InlineData("""{"weight_map":{"x":"s1.safetensors"}""", "not the JSON")]
    [InlineData("""{"weight_map":{"x":"s1.safetensors","y":"copy.safetensors"}}""", "occurs twice")]
    public void Open_WrongIndex_SaysWhatIsWrong(string index, string expected)
    {
        Shard("s1.safetensors", "x", 1);
        Shard("s2.safetensors", "y", 7);
        folder.Write("copy.safetensors", SafetensorsBuilder.Build(
            """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", new byte[8]).ToArray());
        Index(index);
        Should.Throw<FileFormatException>(() => ShardedSafetensors.Open(folder.Root)).Message.ShouldContain(expected);
    }

    [Fact]
    public void Open_AbsentShardOrEmptyFolder_IsFileNotFound()
    {
        Should.Throw<FileNotFoundException>(() => ShardedSafetensors.Open(folder.Root)).Message.ShouldContain("model.safetensors.index.json");
        Index("""{"weight_map":{"x":"s9.safetensors"}}""");
        Should.Throw<FileNotFoundException>(() => ShardedSafetensors.Open(folder.Root));
    }

    private void Shard(string name, string tensor, float value) => folder.Write(name, SafetensorsBuilder.Build(
        $$$"""{"{{{tensor}}}":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", BitConverter.GetBytes(value)).ToArray());

    private void Index(string json) => folder.Write("model.safetensors.index.json", Encoding.UTF8.GetBytes(json));

    private static float Value(TensorFile file, string name)
    {
        file.TryGet(name, out StoredTensor? tensor).ShouldBeTrue();
        float[] value = new float[1];
        file.ReadFloats(tensor!, 0, value);
        return value[0];
    }
}
