using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Heed.Kernels;

namespace Heed.Tensors;

/// <content>
/// Folds. A sum runs in double over blocks of 32768 elements, each in 32 lanes that meet in a tree, and over the blocks in
/// rising order: its bits depend on the elements and their number, not on threads or strides.
/// </content>
internal sealed partial class CpuBackend
{
    private const int FoldBlock = 32 << 10;

    /// <summary>Outputs that are folded side by side where the folded axis is strided.</summary>
    private const int FoldGroup = Fold.Columns;

    public void Reduce(ReduceOp op, Tensor x, int axes, Tensor destination)
    {
        if (destination.ElementCount == 0) return;
        if (x.ElementCount == 0)
        {
            Fill(destination, op switch
            {
                ReduceOp.Sum => 0,
                ReduceOp.Mean => double.NaN,
                ReduceOp.Max => double.NegativeInfinity,
                _ => double.PositiveInfinity,
            });
            return;
        }
        if (new StridedRows(x, x.Rank - axes, x.Rank).Count == 1)
        {
            ReduceRows(op, x, axes, destination);
            return;
        }
        using TensorScope.Lease lease = TensorScope.Begin();
        Tensor copy = x.Clone();
        ReduceRows(op, copy, axes, destination);
        copy.Dispose();
    }

    private void ReduceRows(ReduceOp op, Tensor x, int axes, Tensor destination)
    {
        ReduceJob job = new(op, x, axes, destination);
        if (job.Blocks == 1)
        {
            Run(ref job, x.ElementCount, job.Parts);
            return;
        }
        NativeBuffer partials = _pool.Scratch.Rent((long)sizeof(double) * destination.ElementCount * job.Blocks);
        job.Partials = partials;
        Run(ref job, x.ElementCount, job.Parts);
        job.JoinBlocks();
        _pool.Scratch.Return(partials);
    }

    /// <summary>Shares a job where it is big enough for that.</summary>
    private void Run<TJob>(ref TJob job, int elements, int parts) where TJob : struct, IPoolJob
    {
        if (elements >= ParallelElements) _pool.Run(ref job, parts);
        else for (int part = 0; part < parts; part++) job.Execute(part);
    }

    /// <summary>One part folds one block of up to <see cref="FoldGroup"/> outputs that are neighbours in x, times some.</summary>
    private struct ReduceJob : IPoolJob
    {
        private readonly ReduceOp _op;
        private readonly Tensor _x, _destination;
        private readonly StridedRows _kept;
        private readonly int _count, _stride, _groupsPerRow, _itemsPerPart;
        private readonly long _items;

        public ReduceJob(ReduceOp op, Tensor x, int axes, Tensor destination)
        {
            _op = op;
            _x = x;
            _destination = destination;
            _kept = new StridedRows(x, 0, x.Rank - axes);
            StridedRows folded = new(x, x.Rank - axes, x.Rank);
            _count = folded.Length;
            _stride = folded.Inner0;
            Blocks = (_count + FoldBlock - 1) / FoldBlock;
            _groupsPerRow = (_kept.Length + FoldGroup - 1) / FoldGroup;
            _items = (long)_kept.Count * _groupsPerRow * Blocks;
            int elementsPerItem = Math.Min(_count, FoldBlock) * Math.Min(FoldGroup, _kept.Length);
            _itemsPerPart = Math.Max(1, PartElements / elementsPerItem);
        }

        public int Blocks { get; }

        public readonly int Parts => (int)((_items + _itemsPerPart - 1) / _itemsPerPart);

        /// <summary>The folds of all blocks, [outputs, blocks] doubles, where there is more than one block.</summary>
        public NativeBuffer? Partials { get; set; }

        [SkipLocalsInit]
        public readonly void Execute(int part)
        {
            Span<double> results = stackalloc double[FoldGroup];
            StridedRows kept = _kept;
            long end = Math.Min(_items, (long)(part + 1) * _itemsPerPart);
            for (long item = (long)part * _itemsPerPart; item < end; item++)
            {
                int block = (int)(item % Blocks);
                int group = (int)(item / Blocks % _groupsPerRow), row = (int)(item / Blocks / _groupsPerRow);
                int first = group * FoldGroup, outputs = Math.Min(FoldGroup, kept.Length - first);
                kept.MoveTo(row);
                int start = kept.Offset0 + first * kept.Inner0 + block * FoldBlock * _stride;
                int count = Math.Min(FoldBlock, _count - block * FoldBlock);
                if (_stride == 1) FoldContiguous(start, count, results[..outputs]);
                else if (_kept.Inner0 == 1) FoldColumns(start, count, results[..outputs]);
                else FoldStrided(start, count, results[..outputs]);
                Store(row * kept.Length + first, block, results[..outputs]);
            }
        }

        /// <summary>Folds the blocks' results to the outputs.</summary>
        public readonly void JoinBlocks()
        {
            Span<double> partials = Partials!.AsSpan<double>(0, _destination.ElementCount * Blocks);
            Span<float> target = _destination.Span<float>(_destination.ElementCount);
            for (int i = 0; i < target.Length; i++)
            {
                double result = partials[i * Blocks];
                for (int block = 1; block < Blocks; block++) result = Join(result, partials[i * Blocks + block]);
                target[i] = Finish(result);
            }
        }

        private readonly void Store(int output, int block, ReadOnlySpan<double> results)
        {
            if (Partials is not null)
            {
                Span<double> partials = Partials.AsSpan<double>(0, _destination.ElementCount * Blocks);
                for (int i = 0; i < results.Length; i++) partials[(output + i) * Blocks + block] = results[i];
                return;
            }
            Span<float> target = _destination.Span<float>(_destination.ElementCount);
            for (int i = 0; i < results.Length; i++) target[output + i] = Finish(results[i]);
        }

        private readonly void FoldContiguous(int start, int count, Span<double> results)
        {
            ReadOnlySpan<float> x = _x.Extent<float>();
            Span<double> lanes = stackalloc double[Fold.Lanes];
            for (int i = 0; i < results.Length; i++)
            {
                ReadOnlySpan<float> elements = x.Slice(start + i * _kept.Inner0, count);
                if (_op == ReduceOp.Max) results[i] = TensorPrimitives.Max(elements);
                else if (_op == ReduceOp.Min) results[i] = TensorPrimitives.Min(elements);
                else
                {
                    lanes.Clear();
                    Fold.Add(elements, lanes);
                    results[i] = Fold.Total(lanes);
                }
            }
        }

        /// <summary>Goes down columns that lie side by side, all of them at a time.</summary>
        private readonly void FoldColumns(int start, int count, Span<double> results)
        {
            ReadOnlySpan<float> x = _x.Extent<float>()[start..];
            if (_op is ReduceOp.Sum or ReduceOp.Mean)
            {
                Span<double> lanes = stackalloc double[Fold.Columns * Fold.Lanes];
                lanes.Clear();
                Fold.AddRows(x, _stride, count, results.Length, lanes);
                Fold.TotalRows(lanes, results);
                return;
            }
            Span<float> best = stackalloc float[FoldGroup];
            best = best[..results.Length];
            x[..best.Length].CopyTo(best);
            for (int i = 1; i < count; i++)
            {
                ReadOnlySpan<float> row = x.Slice(i * _stride, best.Length);
                if (_op == ReduceOp.Max) TensorPrimitives.Max(best, row, best);
                else TensorPrimitives.Min(best, row, best);
            }
            for (int i = 0; i < best.Length; i++) results[i] = best[i];
        }

        /// <summary>Gathers a patch of outputs × elements at a time, so that memory is read along whichever of both is denser.</summary>
        [SkipLocalsInit]
        private readonly void FoldStrided(int start, int count, Span<double> results)
        {
            ReadOnlySpan<float> x = _x.Extent<float>();
            Span<float> patch = stackalloc float[FoldGroup * GatherElements];
            Span<double> lanes = stackalloc double[FoldGroup * Fold.Lanes];
            lanes.Clear();
            results.Fill(_op == ReduceOp.Max ? double.NegativeInfinity : double.PositiveInfinity);
            for (int done = 0; done < count; done += GatherElements)
            {
                int width = Math.Min(GatherElements, count - done);
                for (int j = 0; j < width; j++)
                    for (int i = 0; i < results.Length; i++)
                        patch[i * GatherElements + j] = x[start + i * _kept.Inner0 + (done + j) * _stride];
                for (int i = 0; i < results.Length; i++)
                {
                    ReadOnlySpan<float> elements = patch.Slice(i * GatherElements, width);
                    if (_op == ReduceOp.Max) results[i] = Math.Max(results[i], TensorPrimitives.Max(elements));
                    else if (_op == ReduceOp.Min) results[i] = Math.Min(results[i], TensorPrimitives.Min(elements));
                    else Fold.Add(elements, lanes.Slice(i * Fold.Lanes, Fold.Lanes));
                }
            }
            if (_op is ReduceOp.Max or ReduceOp.Min) return;
            for (int i = 0; i < results.Length; i++) results[i] = Fold.Total(lanes.Slice(i * Fold.Lanes, Fold.Lanes));
        }

        private readonly double Join(double a, double b) => _op switch
        {
            ReduceOp.Max => Math.Max(a, b),
            ReduceOp.Min => Math.Min(a, b),
            _ => a + b,
        };

        private readonly float Finish(double result) => (float)(_op == ReduceOp.Mean ? result / _count : result);
    }
}
