using Heed.Kernels;

namespace Heed.Tensors;

/// <content>
/// How work on rows is shared: rows that stand alone in parts of about <see cref="PartElements"/>, and sums over rows in
/// stretches whose number the shape alone decides, so that no bit depends on the threads.
/// </content>
internal sealed partial class CpuBackend
{
    /// <summary>The most stretches, and the least rows of one, that a sum over rows is cut into.</summary>
    private const int MaxRowStretches = 64, MinStretchRows = 16;

    private static int RowsOf(Tensor x, int columns) => columns == 0 ? 0 : x.ElementCount / columns;

    /// <summary>Executes the work on all rows; where there are few, here and at once.</summary>
    private void RunRows<TWork>(TWork work, int rows, int columns) where TWork : struct, IRowWork
    {
        if (rows == 0) return;
        if ((long)rows * columns < ParallelElements)
        {
            work.Execute(0, rows);
            return;
        }
        int rowsPerPart = Math.Max(1, PartElements / columns);
        RowJob<TWork> job = new(work, rows, rowsPerPart);
        _pool.Run(ref job, (rows + rowsPerPart - 1) / rowsPerPart);
    }

    /// <summary>
    /// Executes the work on all rows in stretches, each with sums [width] of its own that start at 0, and adds the stretches'
    /// sums, in double and in rising order, to the targets: neighbouring pieces of the sums, null where nobody wants them.
    /// </summary>
    private void RunSums<TWork>(TWork work, int rows, int columns, Tensor? first, Tensor? second = null) where TWork : struct, ISumWork
    {
        if (rows == 0) return;
        int width = (first?.ElementCount ?? 0) + (second?.ElementCount ?? 0);
        int rowsPerStretch = Math.Max(MinStretchRows, (rows + MaxRowStretches - 1) / MaxRowStretches);
        int stretches = (rows + rowsPerStretch - 1) / rowsPerStretch;
        NativeBuffer sums = _pool.Scratch.Rent((long)width * (sizeof(double) + (long)stretches * sizeof(float)));
        SumJob<TWork> job = new(work, rows, rowsPerStretch, sums, width);
        Run(ref job, (int)Math.Min(int.MaxValue, (long)rows * columns), stretches);
        Span<double> totals = sums.AsSpan<double>(0, width);
        totals.Clear();
        for (int stretch = 0; stretch < stretches; stretch++) Fold.AddRow(job.Sums(stretch), totals);
        if (first is not null) AddTotals(totals[..first.ElementCount], first);
        if (second is not null) AddTotals(totals[^second.ElementCount..], second);
        _pool.Scratch.Return(sums);
    }

    private static void AddTotals(ReadOnlySpan<double> totals, Tensor destination)
    {
        Span<float> target = destination.Span<float>(totals.Length);
        for (int i = 0; i < target.Length; i++) target[i] += (float)totals[i];
    }

    /// <summary>What is done to a range of rows that stand alone.</summary>
    private interface IRowWork
    {
        void Execute(int first, int rows);
    }

    /// <summary>What is done to a range of rows, adding to sums over them.</summary>
    private interface ISumWork
    {
        void Execute(int first, int rows, Span<float> sums);
    }

    private readonly struct RowJob<TWork>(TWork work, int rows, int rowsPerPart) : IPoolJob where TWork : struct, IRowWork
    {
        public void Execute(int part)
        {
            int first = part * rowsPerPart;
            work.Execute(first, Math.Min(rowsPerPart, rows - first));
        }
    }

    private readonly struct SumJob<TWork>(TWork work, int rows, int rowsPerStretch, NativeBuffer sums, int width) : IPoolJob
        where TWork : struct, ISumWork
    {
        public void Execute(int part)
        {
            int first = part * rowsPerStretch;
            Span<float> own = Sums(part);
            own.Clear();
            work.Execute(first, Math.Min(rowsPerStretch, rows - first), own);
        }

        /// <summary>The sums of a stretch; they lie behind the totals.</summary>
        public Span<float> Sums(int stretch) => sums.AsSpan<float>((long)width * (sizeof(double) + (long)stretch * sizeof(float)), width);
    }
}
