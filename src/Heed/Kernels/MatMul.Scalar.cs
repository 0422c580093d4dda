namespace Heed.Kernels;

internal static unsafe partial class MatMul
{
    /// <summary>
    /// The scalar twin that defines every fp32 product here, with w row-major [n, k]:
    /// y[i, j] = fma chain over ascending k from 0, then + bias[j], then + the old y[i, j] where <paramref name="accumulate"/>.
    /// </summary>
    internal static void Scalar(int m, int n, int k, ReadOnlySpan<float> x, int ldx, ReadOnlySpan<float> w, ReadOnlySpan<float> bias, Span<float> y, int ldy, bool accumulate)
    {
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                float sum = 0;
                for (int kk = 0; kk < k; kk++) sum = MathF.FusedMultiplyAdd(x[(i * ldx) + kk], w[(j * k) + kk], sum);
                ref float destination = ref y[(i * ldy) + j];
                destination = Finish(sum, bias, j, destination, accumulate);
            }
        }
    }

    private static float Finish(float sum, ReadOnlySpan<float> bias, int j, float old, bool accumulate)
    {
        if (!bias.IsEmpty) sum += bias[j];
        return accumulate ? sum + old : sum;
    }
}
