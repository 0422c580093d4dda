using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>Sums of floats in double lanes: element i goes to lane i mod 32, in rising order, and the lanes meet in a tree.</summary>
internal static class Fold
{
    public const int Lanes = 32;

    /// <summary>The most columns that <see cref="AddRows"/> takes at a time.</summary>
    public const int Columns = 16;

    /// <summary>lanes[i mod 32] += x[i]; all but the last call on the same lanes must pass a multiple of 32 elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(ReadOnlySpan<float> x, Span<double> lanes)
    {
        Debug.Assert(lanes.Length == Lanes, "one double per lane");
        Vector512<double> sum0 = Vector512.Create<double>(lanes), sum1 = Vector512.Create<double>(lanes[8..]);
        Vector512<double> sum2 = Vector512.Create<double>(lanes[16..]), sum3 = Vector512.Create<double>(lanes[24..]);
        while (x.Length >= Lanes)
        {
            (Vector512<double> low, Vector512<double> high) = Vector512.Widen(Vector512.Create(x));
            sum0 += low;
            sum1 += high;
            (low, high) = Vector512.Widen(Vector512.Create(x[16..]));
            sum2 += low;
            sum3 += high;
            x = x[Lanes..];
        }
        sum0.CopyTo(lanes);
        sum1.CopyTo(lanes[8..]);
        sum2.CopyTo(lanes[16..]);
        sum3.CopyTo(lanes[24..]);
        for (int i = 0; i < x.Length; i++) lanes[i] += x[i];
    }

    /// <summary>The scalar twin of <see cref="Add"/>.</summary>
    public static void AddScalar(ReadOnlySpan<float> x, Span<double> lanes)
    {
        for (int i = 0; i < x.Length; i++) lanes[i % Lanes] += x[i];
    }

    /// <summary>lanes[i mod 32] += x[i]²; all but the last call on the same lanes must pass a multiple of 32 elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddSquares(ReadOnlySpan<float> x, Span<double> lanes)
    {
        Debug.Assert(lanes.Length == Lanes, "one double per lane");
        Vector512<double> sum0 = Vector512.Create<double>(lanes), sum1 = Vector512.Create<double>(lanes[8..]);
        Vector512<double> sum2 = Vector512.Create<double>(lanes[16..]), sum3 = Vector512.Create<double>(lanes[24..]);
        while (x.Length >= Lanes)
        {
            (Vector512<double> low, Vector512<double> high) = Vector512.Widen(Vector512.Create(x));
            sum0 += low * low;
            sum1 += high * high;
            (low, high) = Vector512.Widen(Vector512.Create(x[16..]));
            sum2 += low * low;
            sum3 += high * high;
            x = x[Lanes..];
        }
        sum0.CopyTo(lanes);
        sum1.CopyTo(lanes[8..]);
        sum2.CopyTo(lanes[16..]);
        sum3.CopyTo(lanes[24..]);
        for (int i = 0; i < x.Length; i++) lanes[i] += (double)x[i] * x[i];
    }

    /// <summary>The scalar twin of <see cref="AddSquares"/>.</summary>
    public static void AddSquaresScalar(ReadOnlySpan<float> x, Span<double> lanes)
    {
        for (int i = 0; i < x.Length; i++) lanes[i % Lanes] += (double)x[i] * x[i];
    }

    /// <summary>totals[c] += x[c], in double.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddRow(ReadOnlySpan<float> x, Span<double> totals)
    {
        int i = 0;
        for (; i <= x.Length - 16; i += 16)
        {
            (Vector512<double> low, Vector512<double> high) = Vector512.Widen(Vector512.Create(x[i..]));
            (Vector512.Create<double>(totals[i..]) + low).CopyTo(totals[i..]);
            (Vector512.Create<double>(totals[(i + 8)..]) + high).CopyTo(totals[(i + 8)..]);
        }
        for (; i < x.Length; i++) totals[i] += x[i];
    }

    /// <summary>
    /// lanes[i mod 32, c] += x[i, c] for up to <see cref="Columns"/> columns of <paramref name="count"/> rows: the order of
    /// <see cref="Add"/>, column by column, where columns lie side by side. Calls must pass multiples of 32 rows but for the last.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddRows(ReadOnlySpan<float> x, int stride, int count, int columns, Span<double> lanes)
    {
        Debug.Assert(columns is > 0 and <= Columns && lanes.Length == Lanes * Columns, "a lane has a double per column");
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> row = x.Slice(i * stride, columns);
            Span<double> lane = lanes.Slice(i % Lanes * Columns, Columns);
            if (columns == Columns)
            {
                (Vector512<double> low, Vector512<double> high) = Vector512.Widen(Vector512.Create(row));
                (Vector512.Create<double>(lane) + low).CopyTo(lane);
                (Vector512.Create<double>(lane[8..]) + high).CopyTo(lane[8..]);
            }
            else
            {
                for (int c = 0; c < row.Length; c++) lane[c] += row[c];
            }
        }
    }

    /// <summary>The sum of each column's lanes, in the order of <see cref="Total"/>. Overwrites them.</summary>
    public static void TotalRows(Span<double> lanes, Span<double> totals)
    {
        for (int apart = Lanes / 2 * Columns; apart >= Columns; apart /= 2)
            for (int i = 0; i < apart; i++) lanes[i] += lanes[i + apart];
        lanes[..totals.Length].CopyTo(totals);
    }

    /// <summary>The sum of the lanes: 16 apart, then 8, 4, 2 and 1. Overwrites them.</summary>
    public static double Total(Span<double> lanes)
    {
        for (int apart = Lanes / 2; apart > 0; apart /= 2)
            for (int i = 0; i < apart; i++) lanes[i] += lanes[i + apart];
        return lanes[0];
    }
}
