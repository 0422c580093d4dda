namespace Heed.Tensors;

internal sealed partial class CpuBackend
{
    public void Fill(Tensor destination, double value) => throw new NotSupportedException();

    public void Copy(Tensor source, Tensor destination) => throw new NotSupportedException();

    public void Unary(UnaryOp op, Tensor x, Tensor destination) => throw new NotSupportedException();

    public void Binary(BinaryOp op, Tensor a, Tensor b, Tensor destination) => throw new NotSupportedException();

    public void Reduce(ReduceOp op, Tensor x, int axes, Tensor destination) => throw new NotSupportedException();

    public void MatMul(Tensor a, Tensor b, Tensor destination) => throw new NotSupportedException();
}
