using System.Numerics;

namespace Heed.Tensors;

public static partial class Ops
{
    /// <summary>For each pair of elements of two tensors of one shape a number that says which is greater; NaN counts as less.</summary>
    private static Tensor Compare(Tensor a, Tensor b, double greater, double equal, double less)
    {
        Tensor result = Tensor.Allocate(a.Shape, a.Device);
        using TensorScope.Lease lease = TensorScope.Begin();
        if (a.DType == DType.Float32) CompareElements<float>(a.Contiguous(), b.Contiguous(), result, (float)greater, (float)equal, (float)less);
        else CompareElements(a.Contiguous(), b.Contiguous(), result, greater, equal, less);
        return result;
    }

    private static void CompareElements<T>(Tensor a, Tensor b, Tensor result, T greater, T equal, T less) where T : unmanaged, INumber<T>
    {
        int count = result.ElementCount;
        ReadOnlySpan<T> left = a.Span<T>(count), right = b.Span<T>(count);
        Span<T> to = result.Span<T>(count);
        for (int i = 0; i < count; i++) to[i] = left[i] > right[i] ? greater : left[i] == right[i] ? equal : less;
    }
}
