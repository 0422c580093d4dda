using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Heed.Kernels.Quantization;

/// <summary>Plain numbers to float32, rounded to nearest where float32 is too narrow.</summary>
internal static class PlainElements
{
    /// <summary>Converts <paramref name="source"/>, elements of the plain type <paramref name="type"/>, one for one.</summary>
    public static void ToFloat(WeightType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (type)
        {
            case WeightType.F32: source.CopyTo(MemoryMarshal.AsBytes(destination)); break;
            case WeightType.F64: Convert<double>(source, destination); break;
            case WeightType.I8: Convert<sbyte>(source, destination); break;
            case WeightType.I16: Convert<short>(source, destination); break;
            case WeightType.I32: Convert<int>(source, destination); break;
            case WeightType.I64: Convert<long>(source, destination); break;
            case WeightType.U8: Bytes(source, destination); break;
            case WeightType.Bool: Truth(source, destination); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Dequantize: not a plain type.");
        }
    }

    private static void Convert<T>(ReadOnlySpan<byte> source, Span<float> destination)
        where T : unmanaged, System.Numerics.INumberBase<T> =>
        TensorPrimitives.ConvertTruncating<T, float>(MemoryMarshal.Cast<byte, T>(source), destination);

    // TensorPrimitives has no vectorized conversion from byte.
    private static void Bytes(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int i = 0; i < source.Length; i++) destination[i] = source[i];
    }

    private static void Truth(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int i = 0; i < source.Length; i++) destination[i] = source[i] == 0 ? 0f : 1f;
    }
}
