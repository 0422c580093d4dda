using System.Runtime.Intrinsics;
using Heed.Kernels;
using Heed.Kernels.Quantization;

namespace Heed.Tests.Kernels;

public sealed class HalfPanelsTests
{
    [Theory]
    [InlineData(WeightType.F16)]
    [InlineData(WeightType.BF16)]
    public void Halves_OnEveryWidth_GiveTheBitsOfTheWidenedMatrix(WeightType type)
    {
        (int, int, int, int)[] few = [.. Enumerable.Range(2, 7).Select(m => (m, 70, 37, 1)), (2, 70, 300, 2), (6, 5, 1, 1), (9, 33, 2500, 3), (17, 129, 64, 1), (24, 700, 200, 2)];
        foreach ((int m, int n, int k, int threads) in ((int, int, int, int)[])[(1, 32, 64, 1), (1, 300, 70, 2), (1, 5, 7, 1), .. few, (25, 33, 40, 1), (40, 129, 2500, 2)])
        {
            (byte[] bytes, float[] matrix) = Random(type, n, k);
            using HalfPanels panels = Pack(type, n, k, bytes);
            using NativeBuffer memory = new(PackedPanels.FloatCount(n, k) * sizeof(float));
            PackedPanels packed = new(memory, 0, n, k);
            packed.Pack(matrix);
            using WorkerPool pool = new(threads);
            float[] x = Floats(m * k, 1), bias = Floats(n, 2), old = Floats(m * n, 3), expected = [.. old];
            MatMul.Packed(pool, m, x, k, packed, bias, expected, n, accumulate: true);
            if (type == WeightType.F16) Check<Binary16Type>();
            else Check<BFloat16Type>();

            void Check<TType>() where TType : struct, IHalfType
            {
                By<FloatLanes128, Vector128<float>, Sixteen128, Quad128>();
                By<FloatLanes256, Vector256<float>, Sixteen256, Pair256>();
                if (Vector512.IsHardwareAccelerated) By<FloatLanes512, Vector512<float>, Sixteen512, Vector512<float>>();

                void By<TLanes, TVector, TSixteen, V>()
                    where TLanes : struct, IFloatLanes<TVector>
                    where TVector : unmanaged
                    where TSixteen : struct, ISixteen<V>
                    where V : unmanaged
                {
                    float[] y = [.. old];
                    MatMul.HalvesBy<TType, TLanes, TVector, TSixteen, V>(pool, m, x, k, panels, bias, y, n, accumulate: true);
                    y.ShouldBe(expected, $"{type}, {typeof(TLanes).Name}, m {m}, n {n}, k {k}");
                }
            }
        }
    }

    [Theory]
    [InlineData(WeightType.F16)]
    [InlineData(WeightType.BF16)]
    public void ReadRow_OfAPackedMatrix_IsTheRow(WeightType type)
    {
        const int n = 70, k = 33;
        (byte[] bytes, float[] matrix) = Random(type, n, k);
        using HalfPanels panels = Pack(type, n, k, bytes);
        float[] row = new float[k];
        for (int i = 0; i < n; i++)
        {
            panels.ReadRow(i, row);
            row.ShouldBe(matrix[(i * k)..((i + 1) * k)]);
        }
        Should.Throw<ArgumentOutOfRangeException>(() => panels.ReadRow(n, row));
    }

    private static (byte[] Bytes, float[] Matrix) Random(WeightType type, int n, int k)
    {
        Random random = new(n + k);
        byte[] bytes = new byte[n * k * 2];
        float[] matrix = new float[n * k];
        for (int i = 0; i < matrix.Length; i++)
        {
            float value = (random.NextSingle() - 0.5f) * (i % 50 == 0 ? 1e-6f : 1);
            if (type == WeightType.F16) BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), (Half)value);
            else BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
        }
        Dequantize.ToFloat(type, bytes, matrix);
        return (bytes, matrix);
    }

    private static HalfPanels Pack(WeightType type, int n, int k, byte[] bytes)
    {
        HalfPanels panels = new(type, n, k);
        for (int panel = 0; panel < panels.PanelCount; panel++)
            panels.Pack(panel, bytes.AsSpan(panel * PackedPanels.PanelRows * k * 2, panels.RowsOf(panel) * k * 2));
        return panels;
    }

    private static float[] Floats(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }
}
