using System.Runtime.InteropServices;
using Heed.Formats;
using Heed.Kernels.Quantization;

namespace Heed.Tests.Formats;

public sealed class TensorFileTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Bytes_PartOfATensor_IsThatPart()
    {
        using SafetensorsFile file = Sample();
        file.TryGet("a.weight", out StoredTensor? tensor).ShouldBeTrue();
        MemoryMarshal.Cast<byte, float>(file.Bytes(tensor!, 8, 12)).ToArray().ShouldBe([3, 4, 5]);
        file.Bytes(tensor!, 24, 0).Length.ShouldBe(0);
    }

    [Theory, InlineData(0, 25), InlineData(24, 1), InlineData(-1, 4), InlineData(0, -1), InlineData(long.MaxValue, 8), InlineData(long.MinValue, 8)]
    public void Bytes_OutsideTheTensor_Throws(long offset, int length)
    {
        using SafetensorsFile file = Sample();
        StoredTensor tensor = file.Tensors[0];
        Should.Throw<ArgumentOutOfRangeException>(() => file.Bytes(tensor, offset, length).Length).Message.ShouldContain("a.weight");
    }

    [Fact]
    public void Bytes_ForgedTensor_NeverLeavesTheFile()
    {
        using SafetensorsFile file = Sample();
        StoredTensor forged = new("forged", WeightType.F32, [1000], 1L << 40, 4000);
        Should.Throw<FileFormatException>(() => file.Bytes(forged, 0, 4).Length);
        Should.Throw<FileFormatException>(() => file.ReadFloats(forged, 0, new float[1]));
        Should.Throw<OverflowException>(() => file.Bytes(forged with { Offset = long.MaxValue }, 8, 4).Length);
        Should.Throw<ArgumentException>(() => file.Bytes(forged with { Part = 1 }, 0, 4).Length);
        Should.Throw<ArgumentException>(() => file.Bytes(forged with { Part = -1 }, 0, 4).Length);
    }

    [Theory, InlineData(0, 7), InlineData(6, 1), InlineData(-1, 2), InlineData(long.MaxValue, 2)]
    public void ReadFloats_OutsideTheTensor_Throws(long first, int count)
    {
        using SafetensorsFile file = Sample();
        StoredTensor tensor = file.Tensors[0];
        Should.Throw<ArgumentOutOfRangeException>(() => file.ReadFloats(tensor, first, new float[count])).Message.ShouldContain("a.weight");
    }

    [Fact]
    public void ReadFloats_InsideABlock_Throws()
    {
        using GgufFile file = Quantized(WeightType.Q8_0, out _);
        Should.Throw<ArgumentOutOfRangeException>(() => file.ReadFloats(file.Tensors[0], 1, new float[32])).Message.ShouldContain("multiples of 32");
    }

    [Theory, InlineData(WeightType.Q8_0), InlineData(WeightType.Q4_K), InlineData(WeightType.IQ4_XS), InlineData(WeightType.Q5_1)]
    public void ReadFloats_WholeAndPartBlocks_EqualTheKernels(WeightType type)
    {
        using GgufFile file = Quantized(type, out float[] expected);
        StoredTensor tensor = file.Tensors[0];
        int perBlock = BlockSizes.ElementsPerBlock(type);
        foreach (int first in new[] { 0, perBlock, 3 * perBlock })
            foreach (int count in new[] { 0, 1, perBlock - 1, perBlock, perBlock + 1, expected.Length - first })
            {
                float[] actual = new float[count];
                file.ReadFloats(tensor, first, actual);
                MemoryMarshal.AsBytes<float>(actual).SequenceEqual(MemoryMarshal.AsBytes(expected.AsSpan(first, count))).ShouldBeTrue($"{first}, {count}");
            }
    }

    [Fact]
    public void ReadFloats_MoreThanAChunk_IsSeamless()
    {
        int count = (1 << 20) + 77;
        using SafetensorsFile file = SafetensorsFile.Open(folder.Write("large", SafetensorsBuilder.Build(
            $$$"""{"x":{"dtype":"F32","shape":[{{{count}}}],"data_offsets":[0,{{{count * 4}}}]}}""", ByteBuilder.Counting(count)).ToArray()));
        float[] actual = new float[count - 5];
        file.ReadFloats(file.Tensors[0], 5, actual);
        for (int i = 0; i < actual.Length; i++)
            if (actual[i] != i + 6) throw new InvalidOperationException($"element {i} is {actual[i]}");
    }

    [Fact]
    public unsafe void Pointer_Tensor_PointsAtItsBytes()
    {
        using SafetensorsFile file = Sample();
        byte* pointer = file.Pointer(file.Tensors[0]);
        new ReadOnlySpan<float>(pointer, 6).ToArray().ShouldBe([1, 2, 3, 4, 5, 6]);
    }

    [Fact]
    public unsafe void EveryAccess_AfterDispose_Throws()
    {
        SafetensorsFile file = Sample();
        StoredTensor tensor = file.Tensors[0];
        file.Dispose();
        file.Dispose();
        Should.Throw<ObjectDisposedException>(() => file.Bytes(tensor, 0, 4).Length);
        Should.Throw<ObjectDisposedException>(() => file.ReadFloats(tensor, 0, new float[1]));
        Should.Throw<ObjectDisposedException>(() => (nint)file.Pointer(tensor));
        file.Tensors.Count.ShouldBe(4);
    }

    [Fact]
    public void Open_FileOfOneByte_IsRefusedByEveryFormat()
    {
        string path = folder.Write("one", [0x50]);
        Should.Throw<FileFormatException>(() => GgufFile.Open(path));
        Should.Throw<FileFormatException>(() => SafetensorsFile.Open(path));
        Should.Throw<FileFormatException>(() => Llama2cFile.Open(path));
        Should.Throw<FileFormatException>(() => MetaCheckpoint.Open(path));
    }

    [LinuxFact]
    public void Open_Device_IsRefused()
    {
        foreach (string path in new[] { "/dev/null", "/dev/zero" }) Should.Throw<FileFormatException>(() => GgufFile.Open(path));
    }

    [Fact]
    public void Open_RefusedFile_IsNotHeldOpen()
    {
        string path = folder.Write("wrong", [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        Should.Throw<FileFormatException>(() => GgufFile.Open(path));
        using FileStream exclusive = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        exclusive.Length.ShouldBe(9);
    }

    [LinuxFact]
    public void Open_SparseFileBeyondFourGigabytes_ReadsTheLastTensor()
    {
        long bytes = (5L << 30) + 64;
        string header = $$$"""{"big":{"dtype":"U8","shape":[{{{bytes}}}],"data_offsets":[0,{{{bytes}}}]},"last":{"dtype":"F32","shape":[2],"data_offsets":[{{{bytes}}},{{{bytes + 8}}}]}}""";
        string path = folder.Write("sparse", SafetensorsBuilder.Build(header, []).ToArray());
        using (FileStream stream = new(path, FileMode.Open, FileAccess.Write))
        {
            stream.Position = stream.Length + bytes;
            stream.Write(ByteBuilder.Counting(2, 42));
        }
        using SafetensorsFile file = SafetensorsFile.Open(path);
        file.TryGet("last", out StoredTensor? last).ShouldBeTrue();
        float[] values = new float[2];
        file.ReadFloats(last!, 0, values);
        values.ShouldBe([42, 43]);
        file.Bytes(file.Tensors[0], bytes - 4, 4).ToArray().ShouldBe([0, 0, 0, 0]);
    }

    private SafetensorsFile Sample() => SafetensorsFile.Open(folder.Write("sample", SafetensorsBuilder.Sample().ToArray()));

    private GgufFile Quantized(WeightType type, out float[] expected)
    {
        byte[] blocks = File.ReadAllBytes(TestData.Golden($"quant/{type}.blocks"));
        expected = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(TestData.Golden($"quant/{type}.f32"))).ToArray();
        GgmlTypes.TryGetNumber(type, out uint number).ShouldBeTrue();
        return GgufFile.Open(folder.Write("quantized", new GgufBuilder().Tensor("x", [expected.Length], number, blocks).Build().ToArray()));
    }
}
