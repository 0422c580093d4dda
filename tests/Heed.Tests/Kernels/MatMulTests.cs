using System.Runtime.Intrinsics;
using Heed.Kernels;

namespace Heed.Tests.Kernels;

/// <summary>All paths must give the scalar twin's bits: any width, size, stride, thread count, and way of storing w.</summary>
public sealed unsafe class MatMulTests
{
    /// <summary>The width's path, called directly; null where the machine lacks it.</summary>
    public static TheoryData<int> Widths()
    {
        TheoryData<int> widths = new() { 128 };
        if (Vector256.IsHardwareAccelerated) widths.Add(256);
        if (Vector512.IsHardwareAccelerated) widths.Add(512);
        return widths;
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Packed_SizesTo70_MatchesScalarBits(int width)
    {
        using WorkerPool pool = new(2);
        Random random = new(1);
        for (int n = 0; n <= 70; n += n < 4 ? 1 : random.Next(1, 5))
        {
            for (int k = 0; k <= 70; k += k < 4 ? 1 : random.Next(1, 9))
            {
                int m = random.Next(0, 6) switch { 0 => 1, 1 => random.Next(0, 4), _ => random.Next(1, 71) };
                PackedCase(pool, width, m, n, k, random);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Packed_EachRowCount_MatchesScalarBits(int width)
    {
        using WorkerPool pool = new(1);
        Random random = new(2);
        for (int m = 0; m <= 70; m++) PackedCase(pool, width, m, 37, 19, random);
    }

    [Theory]
    [InlineData(1, 130, 1100)]
    [InlineData(1, 700, 300)]
    [InlineData(3, 300, 2300)]
    [InlineData(14, 65, 4200)]
    [InlineData(40, 170, 2049)]
    [InlineData(129, 97, 769)]
    public void Packed_CutChains_MatchesScalarBitsOnAnyThreadCount(int m, int n, int k)
    {
        for (int threads = 1; threads <= 4; threads++)
        {
            using WorkerPool pool = new(threads);
            Random random = new(3);
            PackedCase(pool, Vector512.IsHardwareAccelerated ? 512 : 128, m, n, k, random);
            PackedCase(pool, Vector256.IsHardwareAccelerated ? 256 : 128, m, n, k, random);
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Packed_NanAndInfinity_ReachExactlyTheirOutputs(int width)
    {
        using WorkerPool pool = new(1);
        foreach (int m in (int[])[1, 2, 17])
        {
            const int N = 45, K = 33;
            float[] x = new float[m * K], w = new float[N * K], y = new float[m * N];
            Array.Fill(x, 1f);
            Array.Fill(w, 1f);
            w[(3 * K) + 5] = float.NaN;
            w[(40 * K) + 32] = float.PositiveInfinity;
            x[K - 1] = float.NegativeInfinity;
            x[0] = 0;
            w[7 * K] = float.NegativeInfinity;
            using NativeBuffer buffer = PackedMatrix.Create(w, N, K, out PackedPanels panels);
            CallPacked(pool, width, m, x, K, panels, [], y, N, accumulate: false);
            for (int i = 0; i < m; i++)
            {
                for (int j = 0; j < N; j++)
                {
                    float expected = j == 3 || (j == 7 && i == 0) ? float.NaN
                        : i == 0 ? float.NegativeInfinity
                        : j == 40 ? float.PositiveInfinity
                        : j == 7 ? float.NegativeInfinity : K;
                    y[(i * N) + j].ShouldBe(expected, $"m {m}, [{i}, {j}]");
                }
            }
        }
    }

    [Fact]
    public void Packed_WrongExtents_Throw()
    {
        using WorkerPool pool = new(1);
        using NativeBuffer buffer = PackedMatrix.Create(new float[12], 4, 3, out PackedPanels panels);
        PackedPanels weights = panels;
        Should.Throw<ArgumentException>(() => MatMul.Packed(pool, 1, new float[2], 3, weights, [], new float[4], 4, false)).Message.ShouldContain("x has 2 floats");
        Should.Throw<ArgumentException>(() => MatMul.Packed(pool, 2, new float[6], 2, weights, [], new float[8], 4, false)).Message.ShouldContain("rows 2 apart");
        Should.Throw<ArgumentException>(() => MatMul.Packed(pool, 1, new float[3], 3, weights, [], new float[3], 4, false)).Message.ShouldContain("y has 3 floats");
        Should.Throw<ArgumentException>(() => MatMul.Packed(pool, 1, new float[3], 3, weights, new float[3], new float[4], 4, false)).Message.ShouldContain("bias has 3 floats");
        Should.Throw<ArgumentOutOfRangeException>(() => MatMul.Packed(pool, -1, new float[3], 3, weights, [], new float[4], 4, false));
    }

    [Fact]
    public void Packed_SteadyState_AllocatesNothing()
    {
        using WorkerPool pool = new(2);
        const int N = 512, K = 512;
        using NativeBuffer buffer = PackedMatrix.Create(new float[N * K], N, K, out PackedPanels panels);
        float[] x = new float[20 * K], y = new float[20 * N];
        for (int i = 0; i < 60; i++) Round();
        SteadyState.ManagedBytes(() => { for (int i = 0; i < 20; i++) Round(); }).ShouldBe(0);

        void Round()
        {
            MatMul.Packed(pool, 1, x, K, panels, [], y, N, false);
            MatMul.Packed(pool, 20, x, K, panels, [], y, N, false);
            MatMul.Streamed(pool, 20, N, K, x, K, default(ConstantSource), [], y, N, false);
            MatMul.Gemm(pool, 20, N, 20, x, K, 1, x, N, 1, y, N, false);
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Streamed_AnySize_MatchesScalarBits(int width)
    {
        Random random = new(4);
        foreach ((int m, int n, int k) in ((int, int, int)[])[(1, 1, 1), (1, 33, 70), (1, 200, 1100), (2, 64, 64), (15, 31, 0), (17, 70, 2300), (33, 95, 4097)])
        {
            foreach (bool accumulate in (bool[])[false, true])
            {
                using WorkerPool pool = new(2);
                float[] x = Values(random, m * k), w = Values(random, n * k), bias = Values(random, n), y = Values(random, m * n), expected = (float[])y.Clone();
                MatMul.Scalar(m, n, k, x, k, w, bias, expected, n, accumulate);
                RowSource source = new(w, k);
                if (width == 512) MatMul.StreamedBy<FloatLanes512, Vector512<float>, RowSource>(pool, m, n, k, x, k, source, bias, y, n, accumulate);
                else if (width == 256) MatMul.StreamedBy<FloatLanes256, Vector256<float>, RowSource>(pool, m, n, k, x, k, source, bias, y, n, accumulate);
                else MatMul.StreamedBy<FloatLanes128, Vector128<float>, RowSource>(pool, m, n, k, x, k, source, bias, y, n, accumulate);
                ShouldBeSameBits(y, expected, $"{m}, {n}, {k}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Gemm_AnyStrides_MatchesScalarBits(int width)
    {
        Random random = new(5);
        using WorkerPool pool = new(3);
        for (int round = 0; round < 150; round++)
        {
            int m = random.Next(0, 71), n = random.Next(0, 71), k = round % 10 == 0 ? random.Next(2000, 4500) : random.Next(0, 71);
            float[] left = Values(random, m * k), right = Values(random, n * k);
            (int aRow, int aColumn, float[] a) = Scatter(random, m, k, left);
            // The twin takes the right side as [n, k], so b[k, n] is its transpose.
            (int bColumn, int bRow, float[] b) = Scatter(random, n, k, right);
            int ldc = n + random.Next(0, 5);
            float[] c = Values(random, m * ldc), expected = (float[])c.Clone();
            bool accumulate = random.Next(2) == 0;
            MatMul.Scalar(m, n, k, left, k, right, [], expected, ldc, accumulate);
            if (width == 512) MatMul.GemmBy<FloatLanes512, Vector512<float>>(pool, m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, ldc, accumulate);
            else if (width == 256) MatMul.GemmBy<FloatLanes256, Vector256<float>>(pool, m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, ldc, accumulate);
            else MatMul.GemmBy<FloatLanes128, Vector128<float>>(pool, m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, ldc, accumulate);
            ShouldBeSameBits(c, expected, $"{m}, {n}, {k}, strides {aRow} {aColumn} {bRow} {bColumn}");
        }
    }

    [Fact]
    public void Gemm_RowsOfZeroStride_RepeatOneRow()
    {
        using WorkerPool pool = new(1);
        float[] c = new float[15];
        MatMul.Gemm(pool, 3, 5, 2, [1, 2], 0, 1, [1, 2, 3, 4, 5, 10, 20, 30, 40, 50], 5, 1, c, 5, false);
        c.ShouldBe([21, 42, 63, 84, 105, 21, 42, 63, 84, 105, 21, 42, 63, 84, 105]);
    }

    [Fact]
    public void Gemm_WrongExtents_Throw()
    {
        using WorkerPool pool = new(1);
        Should.Throw<ArgumentException>(() => MatMul.Gemm(pool, 2, 2, 2, new float[3], 2, 1, new float[4], 2, 1, new float[4], 2, false)).Message.ShouldContain("a has 3 floats");
        Should.Throw<ArgumentException>(() => MatMul.Gemm(pool, 2, 2, 2, new float[4], 2, 1, new float[4], -2, 1, new float[4], 2, false)).Message.ShouldContain("strides (-2, 1)");
        Should.Throw<ArgumentException>(() => MatMul.Gemm(pool, 2, 2, 2, new float[4], 2, 1, new float[4], 2, 1, new float[3], 2, false)).Message.ShouldContain("c has 3 floats");
    }

    internal static void ShouldBeSameBits(ReadOnlySpan<float> got, ReadOnlySpan<float> expected, string what)
    {
        got.Length.ShouldBe(expected.Length);
        for (int i = 0; i < got.Length; i++)
            if (BitConverter.SingleToInt32Bits(got[i]) != BitConverter.SingleToInt32Bits(expected[i])) Assert.Fail($"{what}: [{i}] is {got[i]:R}, expected {expected[i]:R}");
    }

    internal static float[] Values(Random random, int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = random.NextSingle() - 0.5f;
        return values;
    }

    private static void PackedCase(WorkerPool pool, int width, int m, int n, int k, Random random)
    {
        int ldx = k + random.Next(0, 4), ldy = n + random.Next(0, 4);
        // The last row ends with the span, so that a read or a check beyond it shows.
        float[] x = Values(random, m == 0 ? 0 : ((m - 1) * ldx) + k), w = Values(random, n * k), y = Values(random, m == 0 ? 0 : ((m - 1) * ldy) + n);
        float[] bias = random.Next(2) == 0 ? [] : Values(random, n), expected = (float[])y.Clone();
        bool accumulate = random.Next(2) == 0;
        MatMul.Scalar(m, n, k, x, ldx, w, bias, expected, ldy, accumulate);
        using NativeBuffer buffer = PackedMatrix.Create(w, n, k, out PackedPanels panels);
        CallPacked(pool, width, m, x, ldx, panels, bias, y, ldy, accumulate);
        ShouldBeSameBits(y, expected, $"width {width}, m {m}, n {n}, k {k}, bias {bias.Length}, accumulate {accumulate}, threads {pool.Threads}");
    }

    private static void CallPacked(WorkerPool pool, int width, int m, float[] x, int ldx, PackedPanels panels, float[] bias, float[] y, int ldy, bool accumulate)
    {
        if (width == 512) MatMul.PackedBy<FloatLanes512, Vector512<float>>(pool, m, x, ldx, panels, bias, y, ldy, accumulate);
        else if (width == 256) MatMul.PackedBy<FloatLanes256, Vector256<float>>(pool, m, x, ldx, panels, bias, y, ldy, accumulate);
        else MatMul.PackedBy<FloatLanes128, Vector128<float>>(pool, m, x, ldx, panels, bias, y, ldy, accumulate);
    }

    /// <summary>Lays a row-major matrix out with strides: row-major, column-major, or neither, with gaps.</summary>
    private static (int Row, int Column, float[] Values) Scatter(Random random, int rows, int columns, float[] matrix)
    {
        int gap = random.Next(0, 3);
        (int row, int column) = random.Next(3) switch
        {
            0 => (columns + gap, 1),
            1 => (1, rows + gap),
            _ => ((columns * 2) + gap, 2),
        };
        float[] values = new float[rows == 0 || columns == 0 ? 0 : ((rows - 1) * row) + ((columns - 1) * column) + 1];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++) values[(i * row) + (j * column)] = matrix[(i * columns) + j];
        return (row, column, values);
    }

    private readonly struct RowSource(float[] w, int k) : IPanelSource
    {
        public void Fill(int firstRow, int rowCount, int firstK, int kCount, Span<float> panel)
        {
            (firstK % 256).ShouldBe(0);
            rowCount.ShouldBeInRange(1, 32);
            for (int i = 0; i < kCount; i++)
                for (int r = 0; r < 32; r++) panel[(i * 32) + r] = r < rowCount ? w[((firstRow + r) * k) + firstK + i] : float.NaN;
        }
    }

    private readonly struct ConstantSource : IPanelSource
    {
        public void Fill(int firstRow, int rowCount, int firstK, int kCount, Span<float> panel) => panel.Fill(1);
    }
}
