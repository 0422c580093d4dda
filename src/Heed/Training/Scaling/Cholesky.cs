namespace Heed.Training.Scaling;

/// <summary>Solves small systems of symmetric positive definite matrices.</summary>
internal static class Cholesky
{
    /// <summary>x with matrix·x = right; false where the matrix is not positive definite. The matrix is overwritten.</summary>
    public static bool Solve(double[,] matrix, double[] right, double[] x)
    {
        int n = right.Length;
        for (int j = 0; j < n; j++)
        {
            for (int k = 0; k < j; k++) matrix[j, j] -= matrix[j, k] * matrix[j, k];
            if (!(matrix[j, j] > 0)) return false;
            matrix[j, j] = Math.Sqrt(matrix[j, j]);
            for (int i = j + 1; i < n; i++)
            {
                for (int k = 0; k < j; k++) matrix[i, j] -= matrix[i, k] * matrix[j, k];
                matrix[i, j] /= matrix[j, j];
            }
        }
        for (int i = 0; i < n; i++)
        {
            x[i] = right[i];
            for (int k = 0; k < i; k++) x[i] -= matrix[i, k] * x[k];
            x[i] /= matrix[i, i];
        }
        for (int i = n - 1; i >= 0; i--)
        {
            for (int k = i + 1; k < n; k++) x[i] -= matrix[k, i] * x[k];
            x[i] /= matrix[i, i];
        }
        return true;
    }
}
