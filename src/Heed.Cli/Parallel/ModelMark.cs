using System.Globalization;
using System.Security.Cryptography;

namespace Heed.Cli.Parallel;

/// <summary>What tells a model's files from others, soon: their names, their lengths, and the first bytes of each.</summary>
internal static class ModelMark
{
    private const int Bytes = 1 << 20;

    /// <param name="path">A file or a folder.</param>
    public static (string Name, string Value) Of(string path)
    {
        string[] files = Directory.Exists(path)
            ? [.. Directory.GetFiles(path).Where(IsPart).Order(StringComparer.Ordinal)]
            : [path];
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long length = 0;
        byte[] first = new byte[Bytes];
        foreach (string file in files)
        {
            using FileStream stream = File.OpenRead(file);
            length += stream.Length;
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{Path.GetFileName(file)} {stream.Length}\n"));
            hash.AppendData(first, 0, stream.ReadAtLeast(first, Bytes, throwOnEndOfStream: false));
        }
        return ("model", string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}, {length} bytes, {Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 6))}"));
    }

    private static bool IsPart(string file) => Path.GetExtension(file) is ".safetensors" or ".json" or ".pth" or ".pt" or ".bin" or ".gguf" or ".model";
}
