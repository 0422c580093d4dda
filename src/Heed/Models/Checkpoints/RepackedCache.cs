using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Heed.Formats;
using Heed.Kernels;

namespace Heed.Models.Checkpoints;

/// <summary>Matrices in the order in which they are multiplied: mapped from a file where it has them, else collected to be written.</summary>
internal sealed class RepackedCache : IDisposable
{
    private const string Extension = ".repacked";

    private readonly Lock _lock = new();
    private readonly byte[] _source;
    private readonly RepackedFile? _file;
    private readonly RepackedWriter _writer = new();
    private readonly string _path;
    private string? _reason;
    private bool _isIncomplete;

    /// <param name="path">The file, or a folder for files of several models.</param>
    /// <param name="files">The model's files.</param>
    /// <param name="share">Which of how many ranks' share of the matrices; null for all of them.</param>
    /// <exception cref="FileFormatException">The file is of another kind.</exception>
    /// <exception cref="IOException">The folder does not exist, or the file cannot be read.</exception>
    public RepackedCache(string path, TensorFile files, (int Rank, int Ranks)? share = null)
    {
        _path = PathFor(path, files.Path);
        // Numbered from 1, as people count.
        if (share is var (rank, ranks)) _path += string.Create(CultureInfo.InvariantCulture, $".{rank + 1}of{ranks}");
        _source = files.Mark();
        RepackedWriter.RemoveAbandoned(_path, DateTime.UtcNow);
        _file = RepackedFile.TryOpen(_path, _source, out _reason);
    }

    /// <summary>Whether a valid file is there, as far as has been asked.</summary>
    public bool IsMapped => _file is not null && !_isIncomplete;

    /// <summary>The matrix in the mapped file, or null: then it is to be made and added.</summary>
    public NativeBuffer? Find(string key, long bytes)
    {
        NativeBuffer? found = _file?.Find(key, bytes);
        lock (_lock)
        {
            if (found is not null) _writer.Add(key, found);
            else
            {
                _isIncomplete = true;
                if (_file is not null) _reason = "it lacks some of the matrices";
            }
        }
        return found;
    }

    /// <summary>Has a matrix written that <see cref="Find"/> did not find.</summary>
    public void Add(string key, NativeBuffer memory)
    {
        lock (_lock) _writer.Add(key, memory);
    }

    /// <summary>Writes the file where it is not there, or not whole.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public RepackedWeights Save(IProgress<double>? progress, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (IsMapped) return new RepackedWeights(_path, IsMapped: true, _file!.Bytes, Replaced: null);
            return new RepackedWeights(_path, IsMapped: false, _writer.Save(_path, _source, progress, cancellation), _reason);
        }
    }

    public void Dispose() => _file?.Dispose();

    private static string PathFor(string path, string model)
    {
        string full = Path.GetFullPath(path);
        if (!Directory.Exists(full) && !Path.EndsInDirectorySeparator(path))
            return Directory.Exists(Path.GetDirectoryName(full)) ? full : throw new DirectoryNotFoundException($"{path}: the folder of the file for repacked weights does not exist.");
        Directory.CreateDirectory(full);
        string source = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model));
        // Models of one name in different folders have files of their own.
        string place = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source)).AsSpan(0, 4));
        return Path.Combine(full, $"{Path.GetFileName(source)}-{place}{Extension}");
    }
}
