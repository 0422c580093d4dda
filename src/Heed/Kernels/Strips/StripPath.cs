namespace Heed.Kernels.Strips;

/// <summary>With which instructions quantized matrices are multiplied.</summary>
internal enum StripPath
{
    /// <summary>128-bit registers of any kind.</summary>
    Portable,

    /// <summary>AVX2.</summary>
    Avx2,

    /// <summary>AVX2 and AVX-VNNI.</summary>
    AvxVnni,

    /// <summary>AVX-512.</summary>
    Avx512,

    /// <summary>AVX-512 and AVX-VNNI.</summary>
    Avx512Vnni,
}
