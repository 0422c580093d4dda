namespace Heed.Tensors;

/// <content>Comparison.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// Whether |x − other| ≤ absolute + relative·|other| holds for every pair of elements, of one shape and of any
    /// devices; infinities must be equal, and NaN is close to nothing.
    /// </summary>
    public bool AllClose(Tensor other, double relative = 1e-5, double absolute = 1e-8)
    {
        if (Shape != other.Shape) return false;
        using TensorScope.Lease lease = TensorScope.Begin();
        ReadOnlySpan<double> left = To(Device.Reference).Contiguous().Span<double>(ElementCount);
        ReadOnlySpan<double> right = other.To(Device.Reference).Contiguous().Span<double>(ElementCount);
        for (int i = 0; i < left.Length; i++)
        {
            if (left[i] == right[i]) continue;
            if (!double.IsFinite(left[i] - right[i]) || !(Math.Abs(left[i] - right[i]) <= absolute + relative * Math.Abs(right[i]))) return false;
        }
        return true;
    }
}
