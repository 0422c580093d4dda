using Heed.Formats;

namespace Heed.Tests.Formats;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Save_AllPlainTypes_RoundTripsBytesAndShapes()
    {
        SafetensorsWriter writer = new(new Dictionary<string, string> { ["format"] = "pt", ["größe \"x\""] = "\n" });
        Dictionary<string, (WeightType Type, long[] Shape, byte[] Data)> expected = [];
        Random random = new(3);
        foreach (WeightType type in Enum.GetValues<WeightType>())
        {
            if (SafetensorsTypes.NameOf(type) is null) continue;
            foreach (long[] shape in new long[][] { [3, 5], [], [7], [2, 0] })
            {
                long count = shape.Aggregate(1L, (product, size) => product * size);
                byte[] data = new byte[count * Heed.Kernels.Quantization.BlockSizes.BytesPerBlock(type)];
                random.NextBytes(data);
                string name = $"{type}.{shape.Length}.{count} é\"\\";
                expected.Add(name, (type, shape, data));
                writer.Add(name, type, shape, stream => stream.Write(data));
            }
        }
        string path = folder.File("out.safetensors");
        writer.Save(path);

        using SafetensorsFile file = SafetensorsFile.Open(path);
        file.Metadata["format"].ShouldBe("pt");
        file.Metadata["größe \"x\""].ShouldBe("\n");
        file.Tensors.Count.ShouldBe(expected.Count);
        foreach (StoredTensor tensor in file.Tensors)
        {
            (WeightType type, long[] shape, byte[] data) = expected[tensor.Name];
            tensor.Type.ShouldBe(type);
            tensor.Shape.ShouldBe(shape);
            file.Bytes(tensor, 0, data.Length).ToArray().ShouldBe(data);
            if (data.Length > 0) (tensor.Offset % Heed.Kernels.Quantization.BlockSizes.BytesPerBlock(type)).ShouldBe(0, tensor.Name);
        }
    }

    [Fact]
    public void Save_NoTensors_GivesAnEmptyFileOfTheFormat()
    {
        new SafetensorsWriter().Save(folder.File("none"));
        using SafetensorsFile file = SafetensorsFile.Open(folder.File("none"));
        file.Tensors.ShouldBeEmpty();
    }

    [Theory, InlineData(3), InlineData(5)]
    public void Save_SourceOfAnotherLength_FailsAndLeavesTheOldFile(int written)
    {
        string path = folder.Write("old", [1, 2, 3]);
        SafetensorsWriter writer = new();
        writer.Add("x", WeightType.F32, [1], stream => stream.Write(new byte[written]));
        Should.Throw<InvalidOperationException>(() => writer.Save(path)).Message.ShouldContain("'x'");
        File.ReadAllBytes(path).ShouldBe([1, 2, 3]);
        Directory.GetFiles(folder.Root).ShouldBe([path]);
    }

    [Fact]
    public void Save_SourceThrows_LeavesNothingBehind()
    {
        SafetensorsWriter writer = new();
        writer.Add("x", WeightType.F32, [1], _ => throw new TimeoutException());
        Should.Throw<TimeoutException>(() => writer.Save(folder.File("new")));
        Directory.GetFiles(folder.Root).ShouldBeEmpty();
    }

    // Windows refuses to replace a mapped file, which is safe too.
    [LinuxFact]
    public void Save_OverAMappedFile_LeavesTheMappedNumbersAlone()
    {
        string path = folder.Write("file", SafetensorsBuilder.Sample().ToArray());
        using SafetensorsFile old = SafetensorsFile.Open(path);
        SafetensorsWriter writer = new();
        writer.Add("x", WeightType.F32, [1], stream => stream.Write(ByteBuilder.Counting(1, 9)));
        writer.Save(path);
        float[] values = new float[6];
        old.ReadFloats(old.Tensors[0], 0, values);
        values.ShouldBe([1, 2, 3, 4, 5, 6]);
    }

    [Fact]
    public void Add_TakenNameBlockTypeOrImpossibleShape_Throws()
    {
        SafetensorsWriter writer = new();
        writer.Add("x", WeightType.F32, [1], _ => { });
        Should.Throw<ArgumentException>(() => writer.Add("x", WeightType.F32, [1], _ => { })).Message.ShouldContain("taken");
        Should.Throw<ArgumentException>(() => writer.Add("__metadata__", WeightType.F32, [1], _ => { }));
        Should.Throw<ArgumentException>(() => writer.Add("q", WeightType.Q4_0, [32], _ => { })).Message.ShouldContain("Q4_0");
        Should.Throw<ArgumentException>(() => writer.Add("n", WeightType.F32, [-1], _ => { })).Message.ShouldContain("[-1]");
        Should.Throw<ArgumentException>(() => writer.Add("o", WeightType.F32, [long.MaxValue, 8], _ => { }));
    }
}
