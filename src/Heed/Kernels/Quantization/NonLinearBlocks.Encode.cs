using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Quantization;

/// <content>Rounding to these blocks.</content>
internal static partial class NonLinearBlocks
{
    private const int SubBlocks = BlockSizes.Super / BlockSizes.Simple;

    /// <summary>One block of IQ4_NL of 32 numbers: the scale that errs least.</summary>
    public static void EncodeIQ4_NL(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<byte> block)
    {
        Span<float> weights = stackalloc float[BlockSizes.Simple], nearest = stackalloc float[BlockSizes.Simple];
        ElementWeights.ForSigned(x, importance, weights);
        TableGrid grid = default;
        float d = HalfScale.Round(SignedFit.Fit(x, weights, grid));
        Vector256<float> inverse = Vector256.Create(d == 0 ? 0 : 1 / d);
        for (int j = 0; j < x.Length; j += FitSums.Lanes) grid.Nearest(FitSums.Load(x, j) * inverse).CopyTo(nearest[j..]);
        HalfScale.Write(block, d);
        PackIndices(nearest, block[2..]);
    }

    /// <summary>One super-block of IQ4_XS of 256 numbers; see <see cref="SignedSuperBlock{TGrid}"/>.</summary>
    public static void EncodeIQ4_XS(ReadOnlySpan<float> x, ReadOnlySpan<float> importance, Span<byte> block)
    {
        SignedSuperBlock<TableGrid> chosen = new(default, BlockSizes.Simple, half: 32, stackalloc sbyte[SubBlocks], stackalloc float[BlockSizes.Super]);
        chosen.Encode(x, importance);
        block.Clear();
        int upper = 0;
        for (int sub = 0; sub < SubBlocks; sub++)
        {
            int stored = chosen.Scales[sub] + 32;
            block[4 + sub / 2] |= (byte)((stored & 15) << (sub % 2 * 4));
            upper |= (stored >> 4) << (2 * sub);
            PackIndices(chosen.Quants.Slice(sub * BlockSizes.Simple, BlockSizes.Simple), block[(8 + sub * Half)..]);
        }
        HalfScale.Write(block, chosen.D);
        BinaryPrimitives.WriteUInt16LittleEndian(block[2..], (ushort)upper);
    }

    private static void PackIndices(ReadOnlySpan<float> values, Span<byte> packed)
    {
        for (int j = 0; j < Half; j++) packed[j] = (byte)(Table.IndexOf((sbyte)values[j]) | (Table.IndexOf((sbyte)values[j + Half]) << 4));
    }
}
