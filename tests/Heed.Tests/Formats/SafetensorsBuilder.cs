using System.Text;

namespace Heed.Tests.Formats;

/// <summary>Builds safetensors files from a literal header.</summary>
internal static class SafetensorsBuilder
{
    public const string SampleHeader =
        """{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"half":{"dtype":"F16","shape":[3],"data_offsets":[24,30]},"empty":{"dtype":"I64","shape":[0,5],"data_offsets":[30,30]},"scalar":{"dtype":"BF16","shape":[],"data_offsets":[30,32]}}""";

    public static ByteBuilder Sample() => Build(SampleHeader, [.. ByteBuilder.Counting(6), 0, 0x3C, 0, 0xC0, 0, 0, 0x80, 0x3F]);

    public static ByteBuilder Build(string header, byte[] data, long? claimedLength = null) => new ByteBuilder()
        .U64("header length", claimedLength ?? Encoding.UTF8.GetByteCount(header)).Text("header", header).Put("data", data);
}
