namespace Heed.Models.Quantization;

/// <summary>Two pieces of a file: one is computed while the other is written. Until it is disposed, nothing else may write to the stream.</summary>
internal sealed class AlternatingPieces(Stream stream, int bytes) : IDisposable
{
    private readonly byte[][] _pieces = [new byte[bytes], new byte[bytes]];
    private Task _writing = Task.CompletedTask;
    private int _turn;

    /// <summary>The piece to fill.</summary>
    public byte[] Next() => _pieces[_turn];

    /// <summary>Begins to write that piece, once the one before is written.</summary>
    /// <exception cref="IOException">The one before could not be written.</exception>
    public void Write(int count)
    {
        Finish();
        byte[] piece = _pieces[_turn];
        _turn = 1 - _turn;
        _writing = Task.Run(() => stream.Write(piece, 0, count));
    }

    /// <summary>Waits until all is written.</summary>
    /// <exception cref="IOException">It could not be.</exception>
    public void Finish() => _writing.GetAwaiter().GetResult();

    /// <summary>Waits; an error counts only where <see cref="Finish"/> is asked.</summary>
    public void Dispose() => ((IAsyncResult)_writing).AsyncWaitHandle.WaitOne();
}
