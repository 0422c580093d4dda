using System.Buffers.Binary;

namespace Heed.Kernels.Quantization;

/// <summary>A block's scale as it is stored: in 16 bits.</summary>
internal static class HalfScale
{
    private const float Smallest = 5.9604645e-8f;

    /// <summary>The nearest binary16, as float32; what would vanish becomes the smallest one, and what is too large the largest.</summary>
    public static float Round(float value)
    {
        float limit = (float)Half.MaxValue;
        float rounded = (float)(Half)Math.Clamp(value, -limit, limit);
        return rounded == 0 && value != 0 ? MathF.CopySign(Smallest, value) : rounded;
    }

    /// <summary>Stores it.</summary>
    public static void Write(Span<byte> destination, float value) => BinaryPrimitives.WriteHalfLittleEndian(destination, (Half)value);
}
