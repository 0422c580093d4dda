using System.Text;
using Heed.Cli.Parallel;

namespace Heed.Cli;

/// <summary>Standard output as bytes of UTF-8, each write passed on at once.</summary>
/// <remarks>
/// The console's own stream swallows the error of a closed pipe, and a program would write on into nothing. A pipe is
/// therefore written as a file; a terminal and a real file, whose position is shared with other processes, are not.
/// </remarks>
internal sealed class StandardOutput : IDisposable
{
    // Writes up to this size go into a pipe whole or not at all, wherever the other end has made it non-blocking.
    private const int AtomicBytes = 512;
    private const int RetryMs = 5;
    private static readonly int[] s_tryAgain = [11, 35];
    private readonly Stream _stream;
    private readonly bool _isPipe;

    /// <param name="ranks">The processes that run one command, of which the first one writes; null for this one alone.</param>
    public StandardOutput(Ranks? ranks = null)
    {
        // mpirun gives its processes terminals that nobody looks at.
        IsTerminal = ranks is not { AreLaunched: true } && !Console.IsOutputRedirected;
        _stream = ranks is { Talks: false } ? Stream.Null : (IsTerminal ? null : OpenPipe.Of(1)) ?? Console.OpenStandardOutput();
        _isPipe = _stream is FileStream;
    }

    /// <summary>Whether a person is looking on.</summary>
    public bool IsTerminal { get; }

    /// <summary>What a model wrote: as it is, but on a terminal without the control characters that would command it.</summary>
    /// <inheritdoc cref="Write(string)"/>
    public void WriteModelText(string text) => Write(IsTerminal ? Terminal.CleanText(text) : text);

    /// <exception cref="ClosedOutputException">The reader has gone away.</exception>
    /// <exception cref="CommandException">It cannot be written: a full disk, say.</exception>
    public void Write(string text)
    {
        if (text.Length > 0) Write(Encoding.UTF8.GetBytes(text));
    }

    /// <inheritdoc cref="Write(string)"/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int count = _isPipe ? Math.Min(AtomicBytes, bytes.Length) : bytes.Length;
            WriteSome(bytes[..count]);
            bytes = bytes[count..];
        }
    }

    public void Dispose() => _stream.Dispose();

    private void WriteSome(ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            try
            {
                _stream.Write(bytes);
                return;
            }
            catch (IOException e) when (_isPipe && Array.IndexOf(s_tryAgain, e.HResult) >= 0)
            {
                Thread.Sleep(RetryMs);
            }
            catch (IOException e) when (_isPipe)
            {
                throw new ClosedOutputException(e);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CommandException($"standard output cannot be written: {e.Message}");
            }
        }
    }
}
