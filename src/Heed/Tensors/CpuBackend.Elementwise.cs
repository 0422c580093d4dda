namespace Heed.Tensors;

/// <content>Element by element.</content>
internal sealed partial class CpuBackend
{
    public void Fill(Tensor destination, double value)
    {
        if (destination.IsContiguous)
        {
            destination.Span<float>(destination.ElementCount).Fill((float)value);
            return;
        }
        StridedRows rows = new(destination);
        Span<float> memory = destination.Extent<float>();
        for (int row = 0; row < rows.Count; row++, rows.MoveNext())
        {
            if (rows.Inner0 == 1) memory.Slice(rows.Offset0, rows.Length).Fill((float)value);
            else for (int i = 0; i < rows.Length; i++) memory[rows.Offset0 + i * rows.Inner0] = (float)value;
        }
    }

    public void Unary(UnaryOp op, Tensor x, Tensor destination) => RunStretches(new UnaryWork(op), x, null, destination);

    public void Binary(BinaryOp op, Tensor a, Tensor b, Tensor destination) =>
        RunStretches(new BinaryWork(op), a, b, destination);
}
