using Heed.Formats;

namespace Heed.Tests.Formats;

/// <summary>Every field of a small valid file of each format damaged in turn, and the file cut at every border between fields.</summary>
public class HostileFileTests
{
    private static readonly Dictionary<string, (Func<string, TensorFile> Open, Func<ByteBuilder> Build)> Samples = new()
    {
        ["gguf v1"] = (GgufFile.Open, () => GgufBuilder.Sample(1).Build()),
        ["gguf v2"] = (GgufFile.Open, () => GgufBuilder.Sample(2).Build()),
        ["gguf v3"] = (GgufFile.Open, () => GgufBuilder.Sample(3, alignment: 64).Build()),
        ["safetensors"] = (SafetensorsFile.Open, SafetensorsBuilder.Sample),
        ["llama2.c v0 shared"] = (Llama2cFile.Open, () => Llama2cBuilder.Version0(shared: true)),
        ["llama2.c v0"] = (Llama2cFile.Open, () => Llama2cBuilder.Version0(shared: false)),
        ["llama2.c v1"] = (Llama2cFile.Open, () => Llama2cBuilder.Version1(shared: false)),
        ["llama2.c v2"] = (Llama2cFile.Open, () => Llama2cBuilder.Version2(shared: false)),
        ["torch"] = (MetaCheckpoint.Open, () => ZipBuilder.Checkpoint().Build()),
        ["torch zip64"] = (MetaCheckpoint.Open, () => ZipBuilder.Checkpoint(wide: true).Build()),
    };

    // Fields whose damage cannot be told from another valid file, by the end or the beginning of their names.
    private static readonly string[] Free =
    [
        " value", " data", " element", "weights", "norms", "values", "scales", "padding", // numbers and text
        "max_seq_len", // no tensor of versions 1 and 2 depends on it
        " made by", " version", " time", " crc", " internal", " external", " disk", " comment length", " other", " other id", " size", "disks", "here", // zip fields of no use
        "local model/data.pkl packed", "local model/data.pkl length", // the directory's are used
    ];

    public static TheoryData<string> Formats => [.. Samples.Keys];

    [Theory, MemberData(nameof(Formats))]
    public void Open_ValidSample_Succeeds(string format)
    {
        using HostileFile hostile = new(Samples[format].Open);
        hostile.Try(Samples[format].Build().ToArray(), format).ShouldBeNull();
    }

    [Theory, MemberData(nameof(Formats))]
    public void Open_CutAnywhere_IsRefused(string format)
    {
        ByteBuilder sample = Samples[format].Build();
        byte[] valid = sample.ToArray();
        HashSet<int> borders = [.. sample.Fields.SelectMany(field => new[] { field.Offset - 1, field.Offset, field.Offset + 1 }), valid.Length - 1];
        using HostileFile hostile = new(Samples[format].Open);
        for (int length = 0; length < valid.Length; length++)
            // Every border between fields, and of what is between them a sample.
            if (length % 13 == 0 || borders.Contains(length))
                hostile.Refuse(valid[..length], $"{format} cut to {length} of {valid.Length} bytes");
    }

    [Theory, MemberData(nameof(Formats))]
    public void Open_EachFieldDamagedInTurn_NeverFailsOtherwiseThanByFormatError(string format)
    {
        ByteBuilder sample = Samples[format].Build();
        using HostileFile hostile = new(Samples[format].Open);
        foreach (Field field in sample.Fields)
            foreach ((string damage, byte[] bytes) in Damages(sample.ToArray(), field))
                hostile.Try(bytes, $"{format}, {field.Name}: {damage}");
    }

    [Theory, MemberData(nameof(Formats))]
    public void Open_StructuralFieldAllOnes_IsRefused(string format)
    {
        ByteBuilder sample = Samples[format].Build();
        using HostileFile hostile = new(Samples[format].Open);
        int tried = 0;
        foreach (Field field in sample.Fields.Where(field => IsStructural(format, field.Name)))
        {
            byte[] bytes = sample.ToArray();
            if (bytes.AsSpan(field.Offset, field.Size).IndexOfAnyExcept((byte)0xFF) < 0) continue;
            bytes.AsSpan(field.Offset, field.Size).Fill(0xFF);
            hostile.Refuse(bytes, $"{format}, {field.Name}: all ones");
            tried++;
        }
        tried.ShouldBeGreaterThan(1);
    }

    [Theory, MemberData(nameof(Formats))]
    public void Open_EmptyFileOrDirectory_IsRefused(string format)
    {
        using TempFolder folder = new();
        string empty = folder.Write("empty", []);
        Should.Throw<FileFormatException>(() => Samples[format].Open(empty)).Message.ShouldContain("empty");
        Should.Throw<FileNotFoundException>(() => Samples[format].Open(folder.File("absent")));
        if (!format.StartsWith("torch", StringComparison.Ordinal))
            Should.Throw<FileFormatException>(() => Samples[format].Open(folder.Root)).Message.ShouldContain("directory");
    }

    [Theory, MemberData(nameof(Formats))]
    public void Open_AnotherFormatsFile_IsRefused(string format)
    {
        using HostileFile hostile = new(Samples[format].Open);
        foreach (string other in Samples.Keys.Where(other => other.Split(' ')[0] != format.Split(' ')[0]))
            hostile.Refuse(Samples[other].Build().ToArray(), $"{other} as {format}");
        hostile.Refuse("Once upon a time, there was a file of plain text that no reader should take for a model."u8.ToArray(), $"text as {format}");
    }

    private static bool IsStructural(string format, string name)
    {
        if (Free.Any(free => name.EndsWith(free, StringComparison.Ordinal))) return name == "version";
        // A local entry's header: signature and name lengths matter, the sizes are the directory's.
        if (name.StartsWith("local ", StringComparison.Ordinal)) return name.EndsWith("signature", StringComparison.Ordinal) || name.EndsWith("name length", StringComparison.Ordinal);
        if (name.StartsWith("end", StringComparison.Ordinal) && format == "torch zip64") return name.StartsWith("end64", StringComparison.Ordinal);
        return name != "data";
    }

    private static IEnumerable<(string Damage, byte[] Bytes)> Damages(byte[] valid, Field field)
    {
        foreach (byte fill in new byte[] { 0x00, 0xFF, 0x7F, 0x80, 0x01 })
        {
            byte[] bytes = [.. valid];
            bytes.AsSpan(field.Offset, field.Size).Fill(fill);
            yield return ($"filled with {fill:x2}", bytes);
        }
        // Little-endian: the first byte moves the value by little, the last by most.
        foreach (int at in new[] { field.Offset, field.Offset + field.Size - 1 })
            foreach (int step in new[] { 1, -1, 0x40 })
            {
                byte[] bytes = [.. valid];
                bytes[at] = (byte)(bytes[at] + step);
                yield return ($"byte {at - field.Offset} moved by {step}", bytes);
            }
    }
}
