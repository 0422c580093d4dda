using Heed.Kernels.Quantization;

namespace Heed.Formats;

/// <summary>One tensor of a <see cref="TensorFile"/>: where its bytes lie and what they mean.</summary>
/// <param name="Name">The name that the file gives it.</param>
/// <param name="Type">How its numbers are stored.</param>
/// <param name="Shape">Sizes, outermost first: a linear layer is [out, in]; empty for a scalar. Not to be changed.</param>
/// <param name="Offset">The first byte's offset in its file.</param>
/// <param name="ByteLength">The bytes that it takes, group scales that stand apart not counted.</param>
public sealed record StoredTensor(string Name, WeightType Type, long[] Shape, long Offset, long ByteLength)
{
    /// <summary>
    /// Elements per float32 scale where <see cref="Type"/> is I8 and the scales stand apart (llama2.c version 2), else 0.
    /// <see cref="TensorFile.ReadFloats"/> applies the scales.
    /// </summary>
    public int GroupSize { get; internal init; }

    /// <summary>The byte offset of the first group scale; meaningful where <see cref="GroupSize"/> is not 0.</summary>
    internal long ScaleOffset { get; init; }

    /// <summary>The scales and zero points where <see cref="Type"/> is U8 and the numbers are affine, else null. <see cref="TensorFile.ReadFloats"/> applies them.</summary>
    internal AffineParts? Affine { get; init; }

    /// <summary>Which file of several holds it.</summary>
    internal int Part { get; init; }

    /// <summary>The tensors of several files that it is made of, or null; <see cref="Offset"/> is then the first one's.</summary>
    internal JoinedParts? Joined { get; init; }

    /// <summary>The product of <see cref="Shape"/>.</summary>
    /// <exception cref="OverflowException">The shape is negative or overflows; no opened file gives such a shape.</exception>
    public long ElementCount => BlockSizes.TryElementCount(Shape, out long count)
        ? count
        : throw new OverflowException($"ElementCount: '{Name}' has the impossible shape {ShapeText}.");

    /// <summary>The shape as text: [2, 3].</summary>
    internal string ShapeText => $"[{string.Join(", ", Shape)}]";
}
