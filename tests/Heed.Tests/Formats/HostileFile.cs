using System.Diagnostics;
using Heed.Formats;

namespace Heed.Tests.Formats;

/// <summary>Opens bytes as a file and reads everything in it, and holds the reader to its promises.</summary>
internal sealed class HostileFile(Func<string, TensorFile> open) : IDisposable
{
    // What errors, mappings and the test's own buffers may take, whatever the file's size is.
    private const long BaseBytes = 256 << 10;
    private const int BytesPerFileByte = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TempFolder folder = new();

    /// <summary>The error, or null where the file opens and reads to the end; anything but a format error fails the test.</summary>
    public FileFormatException? Try(byte[] bytes, string what)
    {
        string path = folder.Write("file", bytes);
        Stopwatch watch = Stopwatch.StartNew();
        long before = GC.GetAllocatedBytesForCurrentThread();
        FileFormatException? refusal = null;
        try
        {
            using TensorFile file = open(path);
            ReadEverything(file);
        }
        catch (FileFormatException error)
        {
            refusal = error;
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"{what}: {error.GetType().Name} instead of a format error: {error.Message}\n{Convert.ToHexString(bytes.AsSpan(0, Math.Min(bytes.Length, 512)))}", error);
        }
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(BaseBytes + BytesPerFileByte * (long)bytes.Length, what);
        watch.Elapsed.ShouldBeLessThan(Patience, what);
        refusal?.Message.ShouldStartWith(path, customMessage: what);
        return refusal;
    }

    /// <summary>The error, which must come.</summary>
    public FileFormatException Refuse(byte[] bytes, string what)
    {
        FileFormatException? refusal = Try(bytes, what);
        return refusal ?? throw new InvalidOperationException($"{what}: the file was accepted.");
    }

    public void Dispose() => folder.Dispose();

    private static void ReadEverything(TensorFile file)
    {
        float[] buffer = new float[4096];
        foreach (StoredTensor tensor in file.Tensors)
        {
            long count = tensor.ElementCount;
            for (long first = 0; first < count; first += buffer.Length)
                file.ReadFloats(tensor, first, buffer.AsSpan(0, (int)Math.Min(buffer.Length, count - first)));
        }
        if (file is not GgufFile { Metadata: { } metadata }) return;
        foreach (string key in metadata.Keys)
        {
            metadata.Preview(key);
            if (metadata.TypeOf(key) != GgufValueType.Array) continue;
            if (metadata.ElementTypeOf(key) == GgufValueType.String) metadata.GetStrings(key);
            else if (metadata.ElementTypeOf(key) is not (GgufValueType.Array or GgufValueType.Bool)) metadata.GetFloats(key);
        }
    }
}
