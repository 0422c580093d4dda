namespace Heed;

/// <summary>
/// What a cache rounds keys and values to when it stores them, once; attention then computes with what is stored, in float32, as if
/// they had been these numbers from the start.
/// </summary>
public enum KvCacheType
{
    /// <summary>IEEE 754 binary32: nothing is rounded.</summary>
    F32,

    /// <summary>IEEE 754 binary16, to the nearest, ties to even; finite numbers beyond ±65504 become that, infinities and NaN stay.</summary>
    F16,

    /// <summary>
    /// Blocks of 32 numbers of a head: an fp16 scale and 8-bit values, the largest magnitude ±127. The last block of a head whose
    /// size is no multiple of 32 is shorter. A block with an infinity or a NaN is NaN.
    /// </summary>
    Q8_0,
}
