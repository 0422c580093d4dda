using System.Buffers;
using System.Text.Unicode;

namespace Heed.Training.Data;

/// <summary>Reads a UTF-8 file as lines, in bounded memory where a line may be handed out in parts.</summary>
internal sealed class Utf8LineReader : IDisposable
{
    private const int BlockBytes = 1 << 16;
    private readonly FileStream _stream;
    private readonly bool _replaceInvalid;
    private readonly byte[] _bytes = new byte[BlockBytes];
    private char[] _chars = new char[2 * BlockBytes];
    private int _byteCount, _start, _end;
    private bool _atEnd;

    public Utf8LineReader(string path, bool replaceInvalid)
    {
        Path = path;
        _replaceInvalid = replaceInvalid;
        _stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        try
        {
            Begin();
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    public string Path { get; }

    /// <summary>How many bytes were read.</summary>
    public long BytesRead { get; private set; }

    /// <summary>The number of the line that was handed out last, from 1.</summary>
    public long LineNumber { get; private set; }

    /// <summary>The next line with its line break, valid until the next call; empty at the file's end.</summary>
    /// <param name="limit">A longer line is handed out in parts of this many UTF-16 units.</param>
    public ReadOnlySpan<char> Next(int limit)
    {
        for (int scanned = 0; ;)
        {
            int found = _chars.AsSpan(_start + scanned, _end - _start - scanned).IndexOf('\n');
            if (found >= 0 && scanned + found < limit) return Take(scanned + found + 1);
            scanned = _end - _start;
            if (scanned >= limit) return Take(char.IsHighSurrogate(_chars[_start + limit - 1]) ? limit - 1 : limit);
            if (_atEnd) return Take(scanned);
            Fill();
        }
    }

    public void Dispose() => _stream.Dispose();

    private ReadOnlySpan<char> Take(int length)
    {
        LineNumber++;
        ReadOnlySpan<char> line = _chars.AsSpan(_start, length);
        _start += length;
        return line;
    }

    private void Begin()
    {
        ReadBlock();
        ReadOnlySpan<byte> first = _bytes.AsSpan(0, _byteCount);
        if (first.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || first.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            throw new FileFormatException(Path, "the file is UTF-16; need UTF-8.", offset: 0);
        if (first.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])) Consume(3);
        Decode();
    }

    private void Fill()
    {
        ReadBlock();
        Decode();
    }

    private void ReadBlock()
    {
        int read = _stream.Read(_bytes, _byteCount, _bytes.Length - _byteCount);
        _byteCount += read;
        BytesRead += read;
        if (read == 0) _atEnd = true;
    }

    private void Consume(int count)
    {
        _bytes.AsSpan(count, _byteCount - count).CopyTo(_bytes);
        _byteCount -= count;
    }

    private void Decode()
    {
        MakeRoom();
        OperationStatus status = Utf8.ToUtf16(_bytes.AsSpan(0, _byteCount), _chars.AsSpan(_end), out int read, out int written, _replaceInvalid, isFinalBlock: _atEnd);
        if (status == OperationStatus.InvalidData)
            throw new FileFormatException(Path, $"invalid UTF-8: byte 0x{_bytes[read]:X2} does not belong here; repair the file, or have such bytes replaced by U+FFFD.", offset: BytesRead - _byteCount + read);
        _end += written;
        Consume(read);
    }

    // A byte becomes at most one UTF-16 unit, but an invalid sequence cut short becomes one too.
    private void MakeRoom()
    {
        if (_start > 0)
        {
            _chars.AsSpan(_start, _end - _start).CopyTo(_chars);
            (_start, _end) = (0, _end - _start);
        }

        if (_chars.Length - _end < _byteCount + 4) Array.Resize(ref _chars, (int)Math.Min(Array.MaxLength, 2L * _chars.Length));
        if (_chars.Length - _end < _byteCount + 4) throw new FileFormatException(Path, $"a line has more than {_end} characters.");
    }
}
