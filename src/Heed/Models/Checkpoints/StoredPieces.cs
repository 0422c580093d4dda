using System.Runtime.InteropServices;
using Heed.Kernels.Quantization;

namespace Heed.Models.Checkpoints;

/// <summary>Writes float32 numbers to a stream in the type that a file stores.</summary>
/// <param name="stream">Where to.</param>
/// <param name="type">F32, F16 or BF16.</param>
/// <param name="tensor">The tensor's name, for messages.</param>
/// <param name="progress">Told of each piece.</param>
internal sealed class StoredPieces(Stream stream, WeightType type, string tensor, WriteProgress progress)
{
    private byte[] _bytes = [];

    /// <summary>Writes some of the tensor's numbers.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="NotSupportedException">A finite number is beyond the type's range.</exception>
    public void Write(ReadOnlySpan<float> values)
    {
        progress.Advance(values.Length);
        if (type == WeightType.F32)
        {
            stream.Write(MemoryMarshal.AsBytes(values));
            return;
        }
        int length = 2 * values.Length;
        if (_bytes.Length < length) _bytes = new byte[length];
        if (type == WeightType.F16) CheckRange(values);
        if (type == WeightType.F16) HalfRounding.F16(values, _bytes);
        else HalfRounding.BF16(values, _bytes);
        stream.Write(_bytes, 0, length);
    }

    private void CheckRange(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
            if (float.IsFinite(value) && Half.IsInfinity((Half)value))
                throw new NotSupportedException($"Export: '{tensor}' has the number {value}, which F16 cannot hold; expected at most {Half.MaxValue}. Write BF16 or F32.");
    }
}
