using System.Runtime.CompilerServices;
using Heed.Kernels;

namespace Heed.Tensors;

/// <content>Copies; those that turn rows into columns go by square tiles, so that both sides use whole cache lines.</content>
internal sealed partial class CpuBackend
{
    private const int Tile = 16;

    public void Copy(Tensor source, Tensor destination)
    {
        TurnJob job = new(source, destination);
        if (job.Turns) Run(ref job, destination.ElementCount, job.Parts);
        else RunStretches(new CopyWork(), source, null, destination);
    }

    /// <summary>Copies where the destination's neighbours in a row are the source's neighbours from row to row. One part is 16 rows.</summary>
    private struct TurnJob : IPoolJob
    {
        private readonly Tensor _source, _destination;
        private readonly StridedRows _rows;

        public TurnJob(Tensor source, Tensor destination)
        {
            _source = source;
            _destination = destination;
            _rows = new StridedRows(destination, source);
            if (_rows.Inner0 != 1 || _rows.Inner1 <= 1 || _rows.Length < Tile || _rows.Count < Tile) return;
            StridedRows next = _rows;
            next.MoveTo(1);
            Turns = next.Offset1 == 1;
        }

        public bool Turns { get; }

        public readonly int Parts => (_rows.Count + Tile - 1) / Tile;

        [SkipLocalsInit]
        public readonly void Execute(int part)
        {
            ReadOnlySpan<float> source = _source.Extent<float>();
            Span<float> target = _destination.Extent<float>();
            Span<int> from = stackalloc int[Tile], to = stackalloc int[Tile];
            int height = Math.Min(Tile, _rows.Count - part * Tile);
            StridedRows rows = _rows;
            rows.MoveTo(part * Tile);
            for (int i = 0; i < height; i++, rows.MoveNext()) (to[i], from[i]) = (rows.Offset0, rows.Offset1);
            Span<float> tile = stackalloc float[Tile * Tile];
            for (int start = 0; start < rows.Length; start += Tile)
            {
                int width = Math.Min(Tile, rows.Length - start);
                for (int j = 0; j < width; j++)
                    for (int i = 0; i < height; i++) tile[i * Tile + j] = source[from[i] + (start + j) * rows.Inner1];
                for (int i = 0; i < height; i++) tile.Slice(i * Tile, width).CopyTo(target.Slice(to[i] + start, width));
            }
        }
    }
}
