using System.Globalization;
using System.Security.Cryptography;
using Heed.Formats;
using Heed.Kernels;
using Heed.Kernels.Quantization;
using Heed.Kernels.Strips;
using Heed.Tensors;
using Heed.Tests.Kernels.Strips;

namespace Heed.Tests.Formats;

/// <summary>
/// Files of repacked weights hold strips and panels as they lie in memory. Whoever changes how they lie counts
/// <see cref="RepackedFile.Version"/> up, so that older files are written anew, and puts the new version and sums here.
/// </summary>
public sealed class RepackedLayoutTests
{
    private const uint Version = 1;
    private const int Rows = 37;

    private static readonly Dictionary<string, string> s_sums = new()
    {
        ["Q4_0"] = "f917b72858c60230",
        ["Q4_1"] = "26742f388262f45a",
        ["Q5_0"] = "cf8dd8d79b181340",
        ["Q5_1"] = "23e29362e2ce1716",
        ["Q8_0"] = "51ea485cf8fb42a6",
        ["Q2_K"] = "ef8fb3e9bf989814",
        ["Q3_K"] = "74727218a6029082",
        ["Q4_K"] = "4197a915749b9269",
        ["Q5_K"] = "5adf991e44ce3ffb",
        ["Q6_K"] = "3badc26601ab5d37",
        ["IQ4_NL"] = "f917b72858c60230",
        ["IQ4_XS"] = "bb6c193532777fd2",
        ["F32"] = "f06fa5bf091ec927",
        ["F16"] = "13e0363b331198b4",
        ["BF16"] = "13e0363b331198b4",
        ["affine rows"] = "a4032a2630db1520",
        ["affine blocks"] = "d11d040ea154df0c",
    };

    public static TheoryData<string> Layouts => [.. Enum.GetValues<WeightType>().Where(type => StripMatrix.Takes(type) || HalfPanels.Takes(type) || type == WeightType.F32).Select(type => type.ToString()), "affine rows", "affine blocks"];

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Pack_FixedNumbers_LieAsFilesOfThisVersionHaveThem(string layout)
    {
        RepackedFile.Version.ShouldBe(Version, "a new version has new sums in this test");
        string sum = Convert.ToHexStringLower(SHA256.HashData(Packed(layout)).AsSpan(0, 8));
        sum.ShouldBe(s_sums.GetValueOrDefault(layout), string.Create(CultureInfo.InvariantCulture, $"{layout} lies otherwise than in files of version {Version}: count RepackedFile.Version up"));
    }

    private static byte[] Packed(string layout)
    {
        if (layout.StartsWith("affine", StringComparison.Ordinal)) return Affine(oneScale: layout == "affine rows");
        WeightType type = Enum.Parse<WeightType>(layout);
        if (StripMatrix.Takes(type)) return Strips(type);
        return type == WeightType.F32 ? Floats() : Halves(type);
    }

    private static byte[] Strips(WeightType type)
    {
        // Where blocks are short the last chunk is not a whole one.
        int columns = BlockSizes.ElementsPerBlock(type) == 256 ? 512 : 352;
        using StripMatrix matrix = new(type, Rows, columns);
        byte[] blocks = QuantizedSamples.Blocks(type, Rows * columns, seed: 1);
        Pack(matrix, blocks);
        return Bytes(matrix.Memory);
    }

    private static byte[] Affine(bool oneScale)
    {
        const int columns = 352;
        using StripMatrix matrix = StripMatrix.Affine(Rows, columns, oneScale);
        byte[] blocks = new byte[Rows * columns / StripMatrix.BlockColumns * AffineBlock.Bytes], codes = new byte[StripMatrix.BlockColumns];
        for (int block = 0; block * AffineBlock.Bytes < blocks.Length; block++)
        {
            for (int i = 0; i < codes.Length; i++) codes[i] = (byte)((block * 37) + (i * 5));
            int scale = oneScale ? block / (columns / StripMatrix.BlockColumns) : block;
            AffineBlock.Write(blocks.AsSpan(block * AffineBlock.Bytes, AffineBlock.Bytes), 0.25f + (scale / 64f), scale % 256, codes);
        }
        Pack(matrix, blocks);
        return Bytes(matrix.Memory);
    }

    private static byte[] Halves(WeightType type)
    {
        const int columns = 43;
        using HalfPanels panels = new(type, Rows, columns);
        byte[] rows = [.. Enumerable.Range(0, Rows * columns * sizeof(ushort)).Select(i => (byte)((i * 73) + (i >> 8)))];
        for (int panel = 0; panel < panels.PanelCount; panel++)
            panels.Pack(panel, rows.AsSpan(panel * PackedPanels.PanelRows * columns * sizeof(ushort), panels.RowsOf(panel) * columns * sizeof(ushort)));
        return Bytes(panels.Memory);
    }

    private static byte[] Floats()
    {
        const int columns = 43;
        using PackedWeights weights = new(Rows, columns);
        float[] rows = [.. Enumerable.Range(0, Rows * columns).Select(i => i / 8f)];
        for (int panel = 0; panel < weights.PanelCount; panel++)
            weights.Pack(panel, rows.AsSpan(panel * PackedPanels.PanelRows * columns, weights.RowsOf(panel) * columns));
        return Bytes(weights.Memory);
    }

    private static void Pack(StripMatrix matrix, byte[] rows)
    {
        int rowBytes = rows.Length / Rows;
        for (int strip = 0; strip < matrix.StripCount; strip++)
            matrix.Pack(strip, rows.AsSpan(strip * StripMatrix.StripRows * rowBytes, matrix.RowsOf(strip) * rowBytes));
    }

    private static byte[] Bytes(NativeBuffer memory) => memory.AsSpan<byte>(0, (int)memory.Bytes).ToArray();
}
