using Heed.Nn;
using Heed.Tensors;

namespace Heed.Models;

/// <summary>
/// Rows that are padded on the left, turned so that their tokens stand at the first columns and the padding behind them: attention
/// over rows of their own then cuts its tiles, and rounds, as for a row alone.
/// </summary>
internal sealed class LeftAligned
{
    private readonly int[] _origins;

    private LeftAligned(int[] origins) => _origins = origins;

    /// <summary>Null where no row begins with padding.</summary>
    public static LeftAligned? Of(OwnRows rows)
    {
        int seq = rows.Seq, count = rows.Positions.Length;
        int[] origins = new int[count];
        bool moves = false;
        for (int row = 0; row < count; row += seq)
        {
            int start = Math.Max(0, Array.FindIndex(rows.Positions, row, seq, position => position >= 0) - row);
            moves |= start > 0;
            for (int i = 0; i < seq; i++) origins[row + i] = row + (i + start) % seq;
        }
        return moves ? new LeftAligned(origins) : null;
    }

    /// <summary>What belongs to each token, in the turned order.</summary>
    public int[] Move(ReadOnlySpan<int> values)
    {
        int[] moved = new int[_origins.Length];
        for (int i = 0; i < moved.Length; i++) moved[i] = values[_origins[i]];
        return moved;
    }

    /// <summary>What the turned tokens gave, [batch, seq, …], in the order that they came in.</summary>
    public Tensor MoveBack(Tensor x)
    {
        int[] places = new int[_origins.Length];
        for (int i = 0; i < places.Length; i++) places[_origins[i]] = i;
        return Ops.Gather(x.Reshape(Shape.Of(places.Length, x.Shape[2])), places).Reshape(x.Shape);
    }
}
