namespace Heed.Tests.Formats;

/// <summary>Builds zip archives of stored entries with every field open to damage; checksums are left 0, which no reader here looks at.</summary>
internal sealed class ZipBuilder(bool wide = false)
{
    private readonly List<(string Name, byte[] Data, int Method, int Flags)> entries = [];

    /// <summary>A PyTorch checkpoint with two tensors that share a storage, and one of half precision.</summary>
    public static ZipBuilder Checkpoint(bool wide = false) => Checkpoint(
        new PickleBuilder().OrderedDict().Op("(")
            .Text("a.weight").Tensor("0", 12, 0, [2, 3])
            .Text("b.weight").Tensor("0", 12, 6, [3, 2])
            .Text("half").Tensor("1", 4, 0, [4], storage: "HalfStorage")
            .Op("u").Op(".").ToArray(), wide)
        .Entry("model/data/0", ByteBuilder.Counting(12)).Entry("model/data/1", [0, 0x3C, 0, 0xBC, 0, 0, 0, 0x40]);

    public static ZipBuilder Checkpoint(byte[] pickle, bool wide = false) =>
        new ZipBuilder(wide).Entry("model/data.pkl", pickle).Entry("model/byteorder", "little"u8.ToArray());

    public ZipBuilder Entry(string name, byte[] data, int method = 0, int flags = 0)
    {
        entries.Add((name, data, method, flags));
        return this;
    }

    public ByteBuilder Build()
    {
        ByteBuilder zip = new();
        List<int> starts = [];
        foreach (var entry in entries)
        {
            starts.Add(zip.Position);
            Local(zip, entry.Name, entry.Data, entry.Method, entry.Flags);
        }
        int directory = zip.Position;
        for (int i = 0; i < entries.Count; i++) Central(zip, entries[i].Name, entries[i].Data, entries[i].Method, entries[i].Flags, starts[i]);
        int length = zip.Position - directory;
        if (wide) End64(zip, length, directory);
        zip.U32("end signature", 0x06054B50).U16("end disk", 0).U16("end first disk", 0)
            .U16("end count here", wide ? 0xFFFF : entries.Count).U16("end count", wide ? 0xFFFF : entries.Count)
            .U32("end length", wide ? uint.MaxValue : length).U32("end start", wide ? uint.MaxValue : directory).U16("end comment length", 0);
        return zip;
    }

    private static void Local(ByteBuilder zip, string name, byte[] data, int method, int flags)
    {
        string tag = $"local {name}";
        zip.U32($"{tag} signature", 0x04034B50).U16($"{tag} version", 20).U16($"{tag} flags", flags).U16($"{tag} method", method)
            .U32($"{tag} time", 0).U32($"{tag} crc", 0).U32($"{tag} packed", data.Length).U32($"{tag} length", data.Length)
            .U16($"{tag} name length", name.Length).U16($"{tag} extra length", 0).Text($"{tag} name", name);
        if (data.Length > 0) zip.Put($"{tag} data", data);
    }

    private void Central(ByteBuilder zip, string name, byte[] data, int method, int flags, int start)
    {
        string tag = $"central {name}";
        zip.U32($"{tag} signature", 0x02014B50).U16($"{tag} made by", 20).U16($"{tag} version", 20).U16($"{tag} flags", flags).U16($"{tag} method", method)
            .U32($"{tag} time", 0).U32($"{tag} crc", 0).U32($"{tag} packed", wide ? uint.MaxValue : data.Length)
            .U32($"{tag} length", wide ? uint.MaxValue : data.Length).U16($"{tag} name length", name.Length).U16($"{tag} extra length", wide ? 34 : 0)
            .U16($"{tag} comment length", 0).U16($"{tag} disk", 0).U16($"{tag} internal", 0).U32($"{tag} external", 0)
            .U32($"{tag} start", wide ? uint.MaxValue : start).Text($"{tag} name", name);
        // An unrelated field first: readers must find the right one.
        if (wide)
            zip.U16($"{tag} other id", 0x4246).U16($"{tag} other size", 2).U16($"{tag} other", 0).U16($"{tag} wide id", 1).U16($"{tag} wide size", 24)
                .U64($"{tag} wide length", data.Length).U64($"{tag} wide packed", data.Length).U64($"{tag} wide start", start);
    }

    private void End64(ByteBuilder zip, int length, int directory)
    {
        int at = zip.Position;
        zip.U32("end64 signature", 0x06064B50).U64("end64 size", 44).U16("end64 made by", 45).U16("end64 version", 45).U32("end64 disk", 0)
            .U32("end64 first disk", 0).U64("end64 count here", entries.Count).U64("end64 count", entries.Count)
            .U64("end64 length", length).U64("end64 start", directory);
        zip.U32("locator signature", 0x07064B50).U32("locator disk", 0).U64("locator offset", at).U32("locator disks", 1);
    }
}
