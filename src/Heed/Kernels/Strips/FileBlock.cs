using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Heed.Kernels.Quantization;

namespace Heed.Kernels.Strips;

/// <summary>
/// Cuts one of ggml's blocks into its numbers, a byte each and without their scales; <see cref="Dequantize"/> tells how each type's
/// bytes lie. Bounds: reads one block and writes as many bytes as it has elements.
/// </summary>
internal static unsafe class FileBlock
{
    /// <summary>The numbers of a block of <paramref name="type"/>, and its scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Read(WeightType type, byte* block, byte* codes, ref FileScales scales)
    {
        switch (type)
        {
            case WeightType.Q4_0 or WeightType.IQ4_NL: Half(block, out scales.Scale); Nibbles(block + 2, codes); break;
            case WeightType.Q4_1: Half(block, out scales.Scale); Half(block + 2, out scales.Minimum); Nibbles(block + 4, codes); break;
            case WeightType.Q5_0: Half(block, out scales.Scale); Nibbles(block + 6, codes); FifthBits(block + 2, codes); break;
            case WeightType.Q5_1: Half(block, out scales.Scale); Half(block + 2, out scales.Minimum); Nibbles(block + 8, codes); FifthBits(block + 4, codes); break;
            case WeightType.Q8_0: Half(block, out scales.Scale); Bytes(block + 2, codes); break;
            case WeightType.Q2_K: Q2(block, codes, ref scales); break;
            case WeightType.Q3_K: Q3(block, codes, ref scales); break;
            case WeightType.Q4_K: Q4(block, codes, ref scales); break;
            case WeightType.Q5_K: Q5(block, codes, ref scales); break;
            case WeightType.Q6_K: Q6(block, codes, ref scales); break;
            case WeightType.IQ4_XS: IQ4(block, codes, ref scales); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "FileBlock: not a type of blocks.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Half(byte* source, out ushort half) => half = *(ushort*)source;

    /// <summary>The low halves of 16 bytes to codes 0…, the high halves to codes 16…. Codes are stored 32 at a time, as they are read again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Nibbles(byte* source, byte* codes)
    {
        Vector128<byte> both = Vector128.Load(source);
        Vector256.Create(both & Vector128.Create((byte)15), both >>> 4).Store(codes);
    }

    /// <summary>The low halves of <paramref name="count"/> bytes to codes 0…, the high halves as far behind as <paramref name="count"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Nibbles(byte* source, byte* codes, int count)
    {
        for (int i = 0; i < count; i += 32)
        {
            Vector256<byte> both = Vector256.Load(source + i);
            (both & Vector256.Create((byte)15)).Store(codes + i);
            (both >>> 4).Store(codes + i + count);
        }
    }

    private static void FifthBits(byte* source, byte* codes)
    {
        // Each byte of bits eight times over, of which each takes its own.
        Vector256<byte> eight = Vector256.Create(Eight(source[0], source[1]), Eight(source[2], source[3])).AsByte();
        Vector256<byte> own = Vector256.Create(0x8040201008040201ul).AsByte();
        (Vector256.Load(codes) | (Vector256.Equals(eight & own, own) & Vector256.Create((byte)16))).Store(codes);
    }

    private static Vector128<ulong> Eight(byte low, byte high) => Vector128.Create(low * 0x0101010101010101ul, high * 0x0101010101010101ul);

    /// <summary>Signed bytes as unsigned ones, 128 greater.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Bytes(byte* source, byte* codes)
    {
        (Vector256.Load(source) ^ Vector256.Create((byte)128)).Store(codes);
    }

    /// <summary>The two bits from <paramref name="shift"/> on of 32 bytes.</summary>
    private static void Pairs(byte* source, byte* codes, int shift)
    {
        ((Vector256.Load(source) >>> shift) & Vector256.Create((byte)3)).Store(codes);
    }

    /// <summary>Bit <paramref name="from"/> of 32 bytes to bit <paramref name="to"/> of the codes.</summary>
    private static void AddBit(byte* source, byte* codes, int from, int to)
    {
        (Vector256.Load(codes) | (((Vector256.Load(source) >>> from) & Vector256.Create((byte)1)) << to)).Store(codes);
    }

    private static void Q2(byte* block, byte* codes, ref FileScales scales)
    {
        Half(block + 80, out scales.Scale);
        Half(block + 82, out scales.Minimum);
        for (int part = 0; part < 16; part++)
        {
            scales.Factors[part] = (sbyte)(block[part] & 15);
            scales.MinimumFactors[part] = (sbyte)(block[part] >> 4);
        }
        for (int i = 0; i < 8; i++) Pairs(block + 16 + (i / 4 * 32), codes + (32 * i), 2 * (i % 4));
    }

    private static void Q3(byte* block, byte* codes, ref FileScales scales)
    {
        Half(block + 108, out scales.Scale);
        byte* packed = block + 96;
        for (int part = 0; part < 16; part++)
        {
            int low = part < 8 ? packed[part] & 15 : packed[part - 8] >> 4;
            scales.Factors[part] = (sbyte)((low | (((packed[8 + (part % 4)] >> (2 * (part / 4))) & 3) << 4)) - 32);
        }
        for (int i = 0; i < 8; i++)
        {
            Pairs(block + 32 + (i / 4 * 32), codes + (32 * i), 2 * (i % 4));
            AddBit(block, codes + (32 * i), i, 2);
        }
    }

    private static void Q4(byte* block, byte* codes, ref FileScales scales)
    {
        ScalesAndMinima(block, ref scales);
        for (int i = 0; i < 4; i++) Nibbles(block + 16 + (32 * i), codes + (64 * i), 32);
    }

    private static void Q5(byte* block, byte* codes, ref FileScales scales)
    {
        ScalesAndMinima(block, ref scales);
        for (int i = 0; i < 4; i++) Nibbles(block + 48 + (32 * i), codes + (64 * i), 32);
        for (int i = 0; i < 8; i++) AddBit(block + 16, codes + (32 * i), i, 4);
    }

    private static void ScalesAndMinima(byte* block, ref FileScales scales)
    {
        Half(block, out scales.Scale);
        Half(block + 2, out scales.Minimum);
        ReadOnlySpan<byte> packed = new(block + 4, 12);
        for (int part = 0; part < 8; part++)
        {
            (int scale, int minimum) = ScaledMinimumSuperBlocks.ScaleAndMinimum(packed, part);
            scales.Factors[part] = (sbyte)scale;
            scales.MinimumFactors[part] = (sbyte)minimum;
        }
    }

    private static void Q6(byte* block, byte* codes, ref FileScales scales)
    {
        Half(block + 208, out scales.Scale);
        for (int part = 0; part < 16; part++) scales.Factors[part] = (sbyte)block[192 + part];
        for (int half = 0; half < 2; half++)
        {
            byte* to = codes + (128 * half), low = block + (64 * half), upper = block + 128 + (32 * half);
            Nibbles(low, to, 64);
            for (int i = 0; i < 4; i++)
            {
                Vector256<byte> two = (Vector256.Load(upper) >>> (2 * i)) & Vector256.Create((byte)3);
                (Vector256.Load(to + (32 * i)) | (two << 4)).Store(to + (32 * i));
            }
        }
    }

    private static void IQ4(byte* block, byte* codes, ref FileScales scales)
    {
        Half(block, out scales.Scale);
        int upper = block[2] | (block[3] << 8);
        for (int part = 0; part < 8; part++)
        {
            int low = (block[4 + (part / 2)] >> (part % 2 * 4)) & 15;
            scales.Factors[part] = (sbyte)((low | (((upper >> (2 * part)) & 3) << 4)) - 32);
            Nibbles(block + 8 + (16 * part), codes + (32 * part));
        }
    }
}
