namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>a + b, written over <paramref name="a"/>, which is returned; b broadcasts to a.</summary>
    public static Tensor AddInPlace(Tensor a, Tensor b)
    {
        SameDevice("AddInPlace", a, b);
        a.CheckWritable("AddInPlace");
        a.Backend.Binary(BinaryOp.Add, a, a.ApartFrom(b).BroadcastTo(a.Shape), a);
        return a;
    }

    /// <summary>a·factor, written over <paramref name="a"/>, which is returned.</summary>
    public static Tensor ScaleInPlace(Tensor a, float factor)
    {
        a.CheckWritable("ScaleInPlace");
        using TensorScope.Lease lease = TensorScope.Begin();
        a.Backend.Binary(BinaryOp.Multiply, a, Tensor.Full(new Shape(1), factor, a.Device).BroadcastTo(a.Shape), a);
        return a;
    }
}
