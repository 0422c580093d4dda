namespace Heed.Models.Checkpoints;

/// <summary>In what form a checkpoint's matrices are held.</summary>
public enum WeightForm
{
    /// <summary>
    /// What computes fastest, in memory laid out for it: quantized weights keep their bits and are multiplied in whole numbers, for which
    /// each 32 inputs of a layer are rounded to 8 bits; half-precision weights keep their bits.
    /// </summary>
    Fast,

    /// <summary>Quantized and half-precision weights stay in the mapped file and are widened while they multiply: slower, and no input is rounded.</summary>
    Exact,

    /// <summary>Ordinary float32 tensors, which can learn and outlive the checkpoint.</summary>
    Dense,
}
