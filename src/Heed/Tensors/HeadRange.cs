namespace Heed.Tensors;

/// <summary>
/// Some neighbouring heads inside a tensor's rows: heads <paramref name="First"/> … First + Count − 1 of
/// <paramref name="Dim"/> elements each, counted from element <paramref name="Before"/> on, in rows [batch, seq, …] that lie side by side. Lets operations read queries, keys
/// and values where the fused layer left them, without a view for each.
/// </summary>
/// <param name="Rows">[batch, seq, …], contiguous.</param>
/// <param name="First">The first head of the range.</param>
/// <param name="Count">The number of heads.</param>
/// <param name="Dim">The size of a head.</param>
/// <param name="Before">The elements of a row before head 0, where what lies there has heads of another size.</param>
internal readonly record struct HeadRange(Tensor Rows, int First, int Count, int Dim, int Before = 0)
{
    /// <summary>All heads of a contiguous tensor [batch, seq, heads, headDim].</summary>
    public HeadRange(Tensor heads) : this(heads, 0, heads.Shape[2], heads.Shape[3])
    {
    }

    /// <summary>The first element in a row.</summary>
    public int Start => Before + First * Dim;

    public int Batch => Rows.Shape[0];

    public int Seq => Rows.Shape[1];

    /// <summary>Elements from one row to the next.</summary>
    public int RowStride => Rows.Stride(0) == 0 || Seq == 0 ? 0 : Rows.Stride(0) / Seq;

    /// <summary>The heads of some neighbouring rows of one batch row.</summary>
    public HeadRange Part(int batch, int start, int count) => this with { Rows = RowsOf(Rows, batch, start, count) };

    /// <summary>Some neighbouring rows of one batch row of a contiguous tensor [batch, seq, …]: a view [1, count, …].</summary>
    public static Tensor RowsOf(Tensor rows, int batch, int start, int count) =>
        rows.ContiguousView(rows.Shape.WithAxis(0, 1).WithAxis(1, count), batch * rows.Stride(0) + start * rows.Stride(1));

    /// <summary>The elements from the first head of the first row to the end of the last row.</summary>
    public Span<T> Elements<T>() where T : unmanaged => Rows.Span<T>(Rows.ElementCount)[Start..];

    /// <summary>The range as a tensor [batch, seq, heads, headDim]: a view.</summary>
    public Tensor View() => Before == 0 && RowStride % Dim == 0
        ? Rows.Reshape(new Shape(Batch, Seq, RowStride / Dim, Dim)).Slice(2, First, Count)
        : Rows.Reshape(new Shape(Batch, Seq, RowStride)).Slice(2, Start, Count * Dim).Unfold(2, Dim, Dim);
}
