namespace Heed.Models.Checkpoints;

/// <summary>Reorders rows or columns of row-major matrices. An order says for each new place which old one goes there.</summary>
public static class RowOrder
{
    /// <summary>The order that undoes <paramref name="order"/>.</summary>
    public static int[] Inverse(ReadOnlySpan<int> order)
    {
        int[] inverse = new int[order.Length];
        for (int i = 0; i < order.Length; i++) inverse[order[i]] = i;
        return inverse;
    }

    /// <summary>The order of single rows where <paramref name="order"/> is of groups of <paramref name="size"/> rows.</summary>
    public static int[] Expand(ReadOnlySpan<int> order, int size)
    {
        int[] rows = new int[order.Length * size];
        for (int i = 0; i < rows.Length; i++) rows[i] = order[i / size] * size + i % size;
        return rows;
    }

    /// <summary>Puts the rows of a matrix in a new order.</summary>
    /// <param name="source">[rows, columns].</param>
    /// <param name="order">The old row for each new one.</param>
    /// <param name="destination">As long as <paramref name="source"/>; must not overlap it.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public static void ApplyToRows(ReadOnlySpan<float> source, ReadOnlySpan<int> order, Span<float> destination)
    {
        int columns = Check(source, order, destination);
        for (int i = 0; i < order.Length; i++)
            source.Slice(order[i] * columns, columns).CopyTo(destination.Slice(i * columns, columns));
    }

    /// <summary>Puts the columns of a matrix in a new order; arguments as in <see cref="ApplyToRows"/>.</summary>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public static void ApplyToColumns(ReadOnlySpan<float> source, ReadOnlySpan<int> order, Span<float> destination)
    {
        int rows = Check(source, order, destination);
        for (int row = 0; row < rows; row++)
            for (int i = 0; i < order.Length; i++) destination[row * order.Length + i] = source[row * order.Length + order[i]];
    }

    private static int Check(ReadOnlySpan<float> source, ReadOnlySpan<int> order, Span<float> destination)
    {
        if (order.IsEmpty || source.Length % order.Length != 0 || destination.Length != source.Length)
            throw new ArgumentException($"RowOrder: {source.Length} elements cannot be reordered by {order.Length} places into {destination.Length}.");
        return source.Length / order.Length;
    }
}
