namespace Heed.Kernels;

/// <summary>
/// The position biases w[t, t'] of attention-free mixing, stored in one of three ways, and their gradient in the same way.
/// They are only ever spread out for a few rows at a time, a band not at all.
/// </summary>
internal readonly ref struct PositionBiasRows
{
    /// <summary>w itself if there is neither rank nor window; a band, w[t, t'] at [t, t' − t + window − 1], if there is a window alone; else the left factor [positions, rank].</summary>
    public Span<float> Left { get; init; }

    /// <summary>Floats from one row of <see cref="Left"/> to the next.</summary>
    public int Stride { get; init; }

    /// <summary>The right factor, [positions, rank]; empty if there are no factors.</summary>
    public Span<float> Right { get; init; }

    /// <summary>The width of the factors, 0 for none.</summary>
    public int Rank { get; init; }

    /// <summary>w is 0 where |t − t'| is this or more; 0 for no bound.</summary>
    public int Window { get; init; }

    /// <summary>Whether w is a band.</summary>
    public bool IsBand => Window > 0 && Rank == 0;

    /// <summary>Writes w[first + r, c] of what is no band to stripe[r, c], rows <paramref name="columns"/> apart.</summary>
    public void Spread(WorkerPool pool, int first, int rows, int columns, Span<float> stripe)
    {
        if (Rank > 0)
        {
            MatMul.Gemm(pool, rows, columns, Rank, Left[(first * Rank)..], Rank, 1, Right, 1, Rank, stripe, columns, accumulate: false);
            ClearFar(first, rows, columns, stripe);
            return;
        }

        for (int r = 0; r < rows; r++) Left.Slice((first + r) * Stride, columns).CopyTo(stripe.Slice(r * columns, columns));
    }

    /// <summary>Adds the gradient of such a stripe to the gradients of what it was spread from; overwrites the stripe.</summary>
    /// <param name="pool">The threads.</param>
    /// <param name="first">The first row.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="stripe">[rows, columns].</param>
    /// <param name="gradients">Laid out as this; an empty factor has no use for its gradient.</param>
    public void Collect(WorkerPool pool, int first, int rows, int columns, Span<float> stripe, in PositionBiasRows gradients)
    {
        if (Rank > 0)
        {
            ClearFar(first, rows, columns, stripe);
            if (!gradients.Left.IsEmpty)
                MatMul.Gemm(pool, rows, Rank, columns, stripe, columns, 1, Right, Rank, 1, gradients.Left[(first * Rank)..], Rank, accumulate: true);
            if (!gradients.Right.IsEmpty)
                MatMul.Gemm(pool, columns, Rank, rows, stripe, 1, columns, Left[(first * Rank)..], Rank, 1, gradients.Right, Rank, accumulate: true);
            return;
        }

        for (int r = 0; r < rows; r++)
        {
            Span<float> source = stripe.Slice(r * columns, columns), target = gradients.Left.Slice((first + r) * Stride, Stride);
            for (int c = 0; c < columns; c++) target[c] += source[c];
        }
    }

    private void ClearFar(int first, int rows, int columns, Span<float> stripe)
    {
        if (Window == 0) return;
        for (int r = 0; r < rows; r++)
        {
            (int from, int count) = Near(first + r, columns);
            Span<float> row = stripe.Slice(r * columns, columns);
            row[..from].Clear();
            row[(from + count)..].Clear();
        }
    }

    /// <summary>The columns inside of a row's window. (A stripe's columns reach at least to its rows.)</summary>
    private (int From, int Count) Near(int row, int columns)
    {
        int from = Math.Max(0, row - Window + 1);
        return (from, Math.Min(columns, row + Window) - from);
    }
}
