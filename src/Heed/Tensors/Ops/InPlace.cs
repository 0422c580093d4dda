namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>a + b, written over <paramref name="a"/>, which is returned; b broadcasts to a.</summary>
    public static Tensor AddInPlace(Tensor a, Tensor b)
    {
        SameDevice("AddInPlace", a, b);
        a.BeginWrite("AddInPlace", b);
        a.Backend.Binary(BinaryOp.Add, a, a.ApartFrom(b).BroadcastTo(a.Shape), a);
        return a;
    }

    /// <summary>a + b of one shape, written over <paramref name="a"/> where it is not being recorded; for a residual nobody else needs.</summary>
    internal static Tensor AddReusing(Tensor a, Tensor b) => GradientTape.Watching(a, b) is null ? AddInPlace(a, b) : a + b;

    /// <summary>a·factor, written over <paramref name="a"/> where it is not being recorded.</summary>
    internal static Tensor ScaleReusing(Tensor a, float factor) => GradientTape.Watching(a) is null ? ScaleInPlace(a, factor) : a * factor;

    /// <summary>a·factor, written over <paramref name="a"/>, which is returned.</summary>
    public static Tensor ScaleInPlace(Tensor a, float factor)
    {
        a.BeginWrite("ScaleInPlace");
        using TensorScope.Lease lease = TensorScope.Begin();
        a.Backend.Binary(BinaryOp.Multiply, a, Tensor.Full(new Shape(1), factor, a.Device).BroadcastTo(a.Shape), a);
        return a;
    }
}
