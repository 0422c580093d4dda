using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>Sums of columns, each in rising order of rows.</summary>
internal static class ColumnSums
{
    /// <summary>sums[c] += x[r, c] for contiguous rows as long as <paramref name="sums"/>; goes down 64 columns at a time in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(ReadOnlySpan<float> x, int rows, Span<float> sums)
    {
        int columns = sums.Length, first = 0;
        for (; first <= columns - 64; first += 64)
        {
            Span<float> own = sums.Slice(first, 64);
            Vector512<float> sum0 = Vector512.Create<float>(own), sum1 = Vector512.Create<float>(own[16..]);
            Vector512<float> sum2 = Vector512.Create<float>(own[32..]), sum3 = Vector512.Create<float>(own[48..]);
            for (int r = 0; r < rows; r++)
            {
                ReadOnlySpan<float> row = x.Slice((r * columns) + first, 64);
                sum0 += Vector512.Create(row);
                sum1 += Vector512.Create(row[16..]);
                sum2 += Vector512.Create(row[32..]);
                sum3 += Vector512.Create(row[48..]);
            }

            sum0.CopyTo(own);
            sum1.CopyTo(own[16..]);
            sum2.CopyTo(own[32..]);
            sum3.CopyTo(own[48..]);
        }

        AddScalar(x, rows, sums, first);
    }

    /// <summary>The scalar twin, from column <paramref name="first"/> on.</summary>
    public static void AddScalar(ReadOnlySpan<float> x, int rows, Span<float> sums, int first = 0)
    {
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> row = x.Slice(r * sums.Length, sums.Length);
            for (int c = first; c < row.Length; c++) sums[c] += row[c];
        }
    }
}
