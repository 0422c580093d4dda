using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Heed.Formats;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <content>Caches in files.</content>
public sealed partial class Transformer
{
    private const int FileBuffer = 1 << 20;

    /// <summary>
    /// Writes what a cache of this model holds to a file, from which <see cref="LoadCache"/> makes it again to the last bit. Blocks that rows
    /// share are written once. The file holds a mark of the model: its configuration, and the bits of what it computes.
    /// </summary>
    /// <param name="cache">Of this model.</param>
    /// <param name="path">Where to; a file that is there is replaced, and only when the new one is whole.</param>
    /// <param name="tokens">The tokens of the first row, to be kept with it; empty for none.</param>
    /// <exception cref="ArgumentException">The cache is another model's.</exception>
    /// <exception cref="NotSupportedException">It holds states of mixers, an encoder's memory or global tokens' own keys, or is not on a CPU.</exception>
    /// <exception cref="IOException">The file cannot be written; what was there is as it was.</exception>
    public void SaveCache(KvCache cache, string path, ReadOnlySpan<int> tokens = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentException.ThrowIfNullOrEmpty(path);
        cache.CheckFits(Config.NumLayers, Config.KvHeads, (Config.HeadSize, Config.ValueHeadSize), Device, _windows, _mixers);
        byte[] mark = Mark();
        RepackedWriter.RemoveAbandoned(Path.GetFullPath(path), DateTime.UtcNow);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileBuffer))
            {
                using KvFile file = new(stream, path);
                cache.Save(file, mark, tokens);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception error)
        {
            if (File.Exists(temporary)) File.Delete(temporary);
            if (error is UnauthorizedAccessException) throw new IOException($"{path}: the cache cannot be written there.", error);
            throw;
        }
    }

    /// <summary>A cache from a file that <see cref="SaveCache"/> has written: of the same type, kind and bound.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tokens">The tokens that were kept with it.</param>
    /// <exception cref="FileFormatException">It is no such file, another model's, of another version, cut off or damaged; nothing is allocated that it does not hold.</exception>
    /// <exception cref="IOException">It does not exist, or cannot be read.</exception>
    /// <exception cref="NotSupportedException">The model's caches are not for files.</exception>
    public KvCache LoadCache(string path, out int[] tokens)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Config.Bidirectional) ThrowNoCache("LoadCache");
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileBuffer);
        using KvFile file = new(stream, path);
        KvFileHead head = KvFileHead.Read(file, Mark(), Config.MaxSeqLen);
        foreach (int token in head.Tokens)
            if ((uint)token >= (uint)Config.VocabSize) throw file.Wrong($"token {token} is not in the model's vocabulary of {Config.VocabSize}.");
        if (head.Tokens.Length > 0 && head.Tokens.Length != head.Rows[0].Length) throw file.Wrong($"there are {head.Tokens.Length} tokens for a row of {head.Rows[0].Length}.");
        KvCache cache = head.IsPaged
            ? CreatePagedCache(head.Rows.Length, head.MaxPositions, type: head.Type)
            : CreateCache(head.Rows.Length, head.MaxPositions, head.IsRolling, head.Type);
        try
        {
            cache.Load(file, head);
            tokens = head.Tokens;
            return cache;
        }
        catch (OverflowException error)
        {
            cache.Dispose();
            throw new FileFormatException(path, "the rows take more than any file can hold.", inner: error);
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    /// <summary>What tells the model apart: a SHA-256 over its configuration and the bits of the logits after a few tokens, which hang on every weight.</summary>
    private byte[] Mark()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using MemoryStream config = new();
        using (Utf8JsonWriter json = new(config))
        {
            json.WriteStartObject();
            RecordJson.Write(json, Config);
            json.WriteEndObject();
        }
        hash.AppendData(config.GetBuffer().AsSpan(0, (int)config.Length));
        using GradientTape.Pause pause = GradientTape.NoGrad();
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        int last = Config.VocabSize - 1;
        int[] probe = [.. ((int[])[last / 3, last, last / 2]).Take(Config.MaxSeqLen)];
        float[] logits = Forward(probe, sources: Encoder is null ? null : new SourceRows(probe)).ToArray();
        hash.AppendData(MemoryMarshal.AsBytes(logits.AsSpan()));
        return hash.GetHashAndReset();
    }
}
