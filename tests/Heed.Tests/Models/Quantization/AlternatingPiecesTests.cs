using Heed.Models.Quantization;

namespace Heed.Tests.Models.Quantization;

public sealed class AlternatingPiecesTests
{
    [Fact]
    public void Write_ManyPieces_ArriveInOrder()
    {
        using SlowStream stream = new();
        using (AlternatingPieces pieces = new(stream, 3))
        {
            for (byte i = 0; i < 40; i++)
            {
                byte[] piece = pieces.Next();
                // Filled while the one before is being written.
                for (int j = 0; j < 3; j++) piece[j] = (byte)(3 * i + j);
                pieces.Write(i == 39 ? 1 : 3);
            }
            pieces.Finish();
        }
        stream.ToArray().ShouldBe(Enumerable.Range(0, 118).Select(i => (byte)i));
    }

    [Fact]
    public void Write_StreamThatFails_SaysSoAtTheNextPiece()
    {
        using MemoryStream stream = new(new byte[4]);
        AlternatingPieces pieces = new(stream, 3);
        pieces.Write(3);
        pieces.Write(3);
        Should.Throw<NotSupportedException>(pieces.Finish);
        Should.Throw<NotSupportedException>(() => pieces.Write(3));
        pieces.Dispose();
    }

    private sealed class SlowStream : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            Thread.Sleep(1);
            base.Write(buffer, offset, count);
        }
    }
}
