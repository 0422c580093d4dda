namespace Heed;

/// <summary>
/// How one tensor's numbers are stored in a file: plain elements, or ggml's quantized blocks.
/// The names follow the file formats' own (GGUF, safetensors).
/// </summary>
public enum WeightType
{
    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>IEEE 754 binary16.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a binary32.</summary>
    BF16,

    /// <summary>IEEE 754 binary64.</summary>
    F64,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>One byte per truth value.</summary>
    Bool,

    /// <summary>Blocks of 32: fp16 scale, 4-bit values offset by 8.</summary>
    Q4_0,

    /// <summary>Blocks of 32: fp16 scale and minimum, 4-bit values.</summary>
    Q4_1,

    /// <summary>Blocks of 32: fp16 scale, 5-bit values offset by 16.</summary>
    Q5_0,

    /// <summary>Blocks of 32: fp16 scale and minimum, 5-bit values.</summary>
    Q5_1,

    /// <summary>Blocks of 32: fp16 scale, 8-bit values.</summary>
    Q8_0,

    /// <summary>Super-blocks of 256, 2-bit values with 4-bit scales and minima.</summary>
    Q2_K,

    /// <summary>Super-blocks of 256, 3-bit values with 6-bit scales.</summary>
    Q3_K,

    /// <summary>Super-blocks of 256, 4-bit values with 6-bit scales and minima.</summary>
    Q4_K,

    /// <summary>Super-blocks of 256, 5-bit values with 6-bit scales and minima.</summary>
    Q5_K,

    /// <summary>Super-blocks of 256, 6-bit values with 8-bit scales.</summary>
    Q6_K,

    /// <summary>Blocks of 32: fp16 scale, 4-bit indices into a fixed non-linear table.</summary>
    IQ4_NL,

    /// <summary>Super-blocks of 256: IQ4_NL's table with 6-bit scales.</summary>
    IQ4_XS,
}
