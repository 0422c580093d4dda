using Heed.Formats;

namespace Heed.Tests.Formats;

public sealed class GgufWriterTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Save_KeysAndTensors_AreReadBack()
    {
        GgufKeys keys = new();
        keys.Set("a.text", "größer");
        keys.Set("a.uint", 7u);
        keys.Set("a.float", 1.5f);
        keys.Set("a.bool", true);
        keys.Set("a.texts", ["", "b c"]);
        keys.Set("a.ints", (ReadOnlySpan<int>)[-1, 2]);
        keys.Set("a.floats", (ReadOnlySpan<float>)[0.5f]);
        keys.Set("a.bytes", (ReadOnlySpan<byte>)[255]);
        keys.Set("a.uint", 8u);
        GgufWriter writer = new(keys);
        writer.Add("m", WeightType.F32, [2, 3], stream => stream.Write(ByteBuilder.Counting(6)));
        writer.Add("q", WeightType.Q8_0, [1, 32], stream => stream.Write([0, 0x3C, .. Enumerable.Repeat((byte)3, 32)]));
        string path = _folder.File("a.gguf");

        writer.Save(path);

        using GgufFile file = GgufFile.Open(path);
        file.Version.ShouldBe(3u);
        file.Metadata.Keys.ShouldBe(["a.text", "a.uint", "a.float", "a.bool", "a.texts", "a.ints", "a.floats", "a.bytes"]);
        file.Metadata.GetString("a.text").ShouldBe("größer");
        file.Metadata.GetInt("a.uint").ShouldBe(8);
        file.Metadata.GetFloat("a.float").ShouldBe(1.5f);
        file.Metadata.GetBool("a.bool").ShouldBeTrue();
        file.Metadata.GetStrings("a.texts").ShouldBe(["", "b c"]);
        file.Metadata.GetInts("a.ints").ShouldBe([-1, 2]);
        file.Metadata.GetFloats("a.floats").ShouldBe([0.5f]);
        file.Metadata.GetInts("a.bytes").ShouldBe([255]);
        file.Tensors.Select(tensor => tensor.Name).ShouldBe(["m", "q"]);
        file.Tensors.ShouldAllBe(tensor => tensor.Offset % 32 == 0);
        file.Tensors[0].Shape.ShouldBe([2L, 3L]);
        float[] values = new float[32];
        file.ReadFloats(file.Tensors[1], 0, values);
        values.ShouldAllBe(value => value == 3);
        GgufKeys copy = new();
        copy.CopyFrom(file.Metadata, "a.");
        new GgufWriter(copy).Save(_folder.File("copy.gguf"));
        using GgufFile second = GgufFile.Open(_folder.File("copy.gguf"));
        foreach (string key in file.Metadata.Keys) second.Metadata.Preview(key).ShouldBe(file.Metadata.Preview(key));
        second.Metadata.GetStrings("a.texts").ShouldBe(["", "b c"]);
    }

    [Fact]
    public void CopyFrom_EveryKindOfValueOfAnOldVersion_IsKept()
    {
        string old = _folder.File("old.gguf"), path = _folder.File("new.gguf");
        File.WriteAllBytes(old, GgufBuilder.Sample(1).Build().ToArray());
        using GgufFile source = GgufFile.Open(old);
        GgufKeys keys = new();
        keys.CopyFrom(source.Metadata, "some.");
        new GgufWriter(keys).Save(path);

        using GgufFile copy = GgufFile.Open(path);
        copy.Metadata.Keys.ShouldBe(source.Metadata.Keys.Where(key => key.StartsWith("some.", StringComparison.Ordinal) && key != "some.nested"));
        foreach (string key in copy.Metadata.Keys)
        {
            copy.Metadata.TypeOf(key).ShouldBe(source.Metadata.TypeOf(key));
            copy.Metadata.Preview(key).ShouldBe(source.Metadata.Preview(key));
        }
    }

    [Fact]
    public void Save_SourceThatFails_LeavesTheOldFile()
    {
        string path = _folder.File("a.gguf");
        File.WriteAllText(path, "old");
        foreach (Action<Stream> wrong in (Action<Stream>[])[_ => throw new IOException("no"), stream => stream.Write(new byte[11]), stream => stream.Write(new byte[13])])
        {
            GgufWriter writer = new(new GgufKeys());
            writer.Add("m", WeightType.F32, [3], wrong);
            Should.Throw<Exception>(() => writer.Save(path));
        }
        GgufWriter refused = new(new GgufKeys());
        refused.Add("m", WeightType.F32, [3], _ => throw new InvalidOperationException("must not come to this"));
        Should.Throw<NotSupportedException>(() => refused.Save(path, _ => throw new NotSupportedException()));

        File.ReadAllText(path).ShouldBe("old");
        Directory.GetFiles(_folder.Root).ShouldBe([path]);
    }

    [Fact]
    public void Add_WhatCannotBeWritten_Throws()
    {
        GgufWriter writer = new(new GgufKeys());
        writer.Add("a", WeightType.F32, [1], _ => { });
        Should.Throw<ArgumentException>(() => writer.Add("a", WeightType.F32, [1], _ => { })).Message.ShouldContain("taken");
        Should.Throw<ArgumentException>(() => writer.Add("b", WeightType.Bool, [1], _ => { })).Message.ShouldContain("no number");
        Should.Throw<ArgumentException>(() => writer.Add("b", WeightType.Q4_K, [2, 128], _ => { })).Message.ShouldContain("[2, 128]");
        Should.Throw<ArgumentException>(() => writer.Add("b", WeightType.F32, [0], _ => { }));
        Should.Throw<ArgumentException>(() => writer.Add("b", WeightType.F32, [1, 1, 1, 1, 1], _ => { }));
        Should.Throw<ArgumentException>(() => writer.Add(new string('x', 64), WeightType.F32, [1], _ => { })).Message.ShouldContain("63");
    }
}
