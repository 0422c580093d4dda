using System.Runtime.CompilerServices;
using Heed.Kernels;

namespace Heed.Tensors;

/// <content>
/// How element-wise work is laid out: every row is cut into stretches; where a stretch is strided it goes through a small
/// buffer on the stack, so that one contiguous loop per operation serves all layouts and an element's result never
/// depends on its place.
/// </content>
internal sealed partial class CpuBackend
{
    /// <summary>The most elements of one stretch, and of a job's part.</summary>
    private const int PartElements = 16 << 10;

    /// <summary>From this many elements on, waking the workers costs less than they save.</summary>
    private const int ParallelElements = 64 << 10;

    /// <summary>The elements of a strided stretch that are gathered at a time.</summary>
    private const int GatherElements = 256;

    private void RunStretches<TWork>(TWork work, Tensor a, Tensor? b, Tensor destination) where TWork : struct, IStretchWork
    {
        int count = destination.ElementCount;
        if (count < ParallelElements && destination.IsContiguous && a.IsContiguous && b is not { IsContiguous: false })
        {
            work.Execute(a.Span<float>(count), b is null ? default : b.Span<float>(count), destination.Span<float>(count));
            return;
        }
        StretchJob<TWork> job = new(work, a, b, destination);
        if (destination.ElementCount < ParallelElements) job.ExecuteAll();
        else _pool.Run(ref job, job.Parts);
    }

    /// <summary>What is done to a stretch of up to two operands.</summary>
    private interface IStretchWork
    {
        /// <summary>destination[i] = f(a[i], b[i]); b has one element if it is a repeated scalar, none if there is no second operand.</summary>
        void Execute(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> destination);
    }

    private readonly struct CopyWork : IStretchWork
    {
        public void Execute(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> destination) => a.CopyTo(destination);
    }

    private readonly struct UnaryWork(UnaryOp op) : IStretchWork
    {
        public void Execute(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> destination) => ElementFunctions.Apply(op, a, destination);
    }

    private readonly struct BinaryWork(BinaryOp op) : IStretchWork
    {
        public void Execute(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> destination)
        {
            if (b.Length == 1) ElementFunctions.Apply(op, a, b[0], destination);
            else ElementFunctions.Apply(op, a, b, destination);
        }
    }

    /// <summary>The stretches of all rows, in parts of about <see cref="PartElements"/>.</summary>
    private struct StretchJob<TWork> : IPoolJob where TWork : struct, IStretchWork
    {
        private readonly TWork _work;
        private readonly Tensor _a, _destination;
        private readonly Tensor? _b;
        private readonly StridedRows _rows;
        private readonly int _stretchesPerRow, _stretchesPerPart;

        public StretchJob(TWork work, Tensor a, Tensor? b, Tensor destination)
        {
            _work = work;
            _a = a;
            _b = b;
            _destination = destination;
            _rows = new StridedRows(destination, a, b);
            _stretchesPerRow = (_rows.Length + PartElements - 1) / PartElements;
            _stretchesPerPart = Math.Max(1, PartElements / Math.Max(1, Math.Min(_rows.Length, PartElements)));
        }

        public readonly int Parts => (int)(((long)_rows.Count * _stretchesPerRow + _stretchesPerPart - 1) / _stretchesPerPart);

        public readonly void Execute(int part)
        {
            long first = (long)part * _stretchesPerPart;
            long end = Math.Min(first + _stretchesPerPart, (long)_rows.Count * _stretchesPerRow);
            ExecuteRange(first, end);
        }

        public readonly void ExecuteAll() => ExecuteRange(0, (long)_rows.Count * _stretchesPerRow);

        private readonly void ExecuteRange(long first, long end)
        {
            if (first >= end) return;
            StridedRows rows = _rows;
            Span<float> target = _destination.Extent<float>();
            ReadOnlySpan<float> a = _a.Extent<float>();
            ReadOnlySpan<float> b = _b is null ? default : _b.Extent<float>();
            rows.MoveTo((int)(first / _stretchesPerRow));
            int start = (int)(first % _stretchesPerRow) * PartElements;
            for (long stretch = first; stretch < end; stretch++)
            {
                int length = Math.Min(PartElements, rows.Length - start);
                ExecuteStretch(rows, start, length, a, b, target);
                start += length;
                if (start < rows.Length) continue;
                start = 0;
                rows.MoveNext();
            }
        }

        private readonly void ExecuteStretch(in StridedRows rows, int start, int length,
            ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> target)
        {
            target = target[(rows.Offset0 + start * rows.Inner0)..];
            a = a[(rows.Offset1 + start * rows.Inner1)..];
            if (_b is not null) b = b[(rows.Offset2 + start * rows.Inner2)..];
            bool scalar = rows.Inner2 == 0 && _b is not null;
            if (scalar) b = b[..1];
            if (rows.Inner0 == 1 && rows.Inner1 == 1 && (_b is null || scalar || rows.Inner2 == 1))
                _work.Execute(a[..length], scalar || _b is null ? b : b[..length], target[..length]);
            else
                ExecuteGathered(rows, length, a, b, target);
        }

        [SkipLocalsInit]
        private readonly void ExecuteGathered(in StridedRows rows, int length, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> target)
        {
            Span<float> left = stackalloc float[GatherElements], right = stackalloc float[GatherElements];
            for (int start = 0; start < length; start += GatherElements)
            {
                int count = Math.Min(GatherElements, length - start);
                Gather(a, start, rows.Inner1, left[..count]);
                scoped ReadOnlySpan<float> second = b;
                if (_b is not null && rows.Inner2 != 0)
                {
                    Gather(b, start, rows.Inner2, right[..count]);
                    second = right[..count];
                }
                if (rows.Inner0 == 1)
                {
                    _work.Execute(left[..count], second, target.Slice(start, count));
                    continue;
                }
                _work.Execute(left[..count], second, left[..count]);
                for (int i = 0; i < count; i++) target[(start + i) * rows.Inner0] = left[i];
            }
        }

        private static void Gather(ReadOnlySpan<float> source, int start, int stride, Span<float> destination)
        {
            if (stride == 0) destination.Fill(source[0]);
            else if (stride == 1) source.Slice(start, destination.Length).CopyTo(destination);
            else for (int i = 0; i < destination.Length; i++) destination[i] = source[(start + i) * stride];
        }
    }
}
