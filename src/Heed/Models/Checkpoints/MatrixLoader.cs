using System.Buffers;
using System.Runtime.ExceptionServices;
using Heed.Formats;
using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>Makes weights of a file's tensors in whatever form they are to have.</summary>
internal sealed class MatrixLoader(TensorFile file, LoadProgress progress, CancellationToken cancellation)
{
    private const int PanelRows = PackedPanels.PanelRows;

    /// <summary>The matrices one below the other, in the form that multiplies best.</summary>
    public LinearWeights Load(StoredTensor[] parts, bool transposed)
    {
        List<LinearWeights> weights = [];
        try
        {
            for (int i = 0; i < parts.Length;)
            {
                int end = i;
                while (end < parts.Length && (transposed || IsPacked(parts[end]))) end++;
                if (end > i)
                {
                    // What lies side by side and is packed becomes one matrix.
                    weights.Add(Pack(parts[i..end], transposed));
                    i = end;
                    continue;
                }
                weights.Add(Map(parts[i++]));
            }
            return weights is [var only] ? only : new StackedWeights([.. weights]);
        }
        catch
        {
            foreach (LinearWeights part in weights) part.Dispose();
            throw;
        }
    }

    /// <summary>A table whose rows are read one by one: in the file's own bytes where they can be read so.</summary>
    public LinearWeights LoadTable(StoredTensor table) => table.GroupSize > 0 ? Pack([table], transposed: false) : Map(table);

    /// <summary>The matrices one below the other as an ordinary tensor that no scope owns.</summary>
    public Tensor LoadDense(StoredTensor[] parts, bool transposed, Device device)
    {
        RowReader reader = new(file, parts, transposed);
        Tensor matrix = Tensor.AllocateUnscoped(Shape.Of(reader.Rows, reader.Columns), device);
        if (device.DType == DType.Float32)
        {
            InPanels(reader, (first, count) => reader.Read(first, count, matrix.AsSpan().Slice(first * reader.Columns, count * reader.Columns)));
            return matrix;
        }
        float[] values = new float[matrix.ElementCount];
        InPanels(reader, (first, count) => reader.Read(first, count, values.AsSpan(first * reader.Columns, count * reader.Columns)));
        using (TensorScope.Begin()) matrix.Assign(Tensor.From(values, matrix.Shape, device));
        return matrix;
    }

    /// <summary>The vectors one after the other, each element plus <paramref name="offset"/>, as a tensor that no scope owns.</summary>
    public Tensor LoadVector(StoredTensor[] parts, float offset, Device device)
    {
        cancellation.ThrowIfCancellationRequested();
        float[] values = new float[parts.Sum(part => part.ElementCount)];
        int at = 0;
        foreach (StoredTensor part in parts)
        {
            file.ReadFloats(part, 0, values.AsSpan(at, (int)part.ElementCount));
            at += (int)part.ElementCount;
            progress.Add(part.ByteLength);
        }
        if (offset != 0)
            for (int i = 0; i < values.Length; i++) values[i] += offset;
        Tensor vector = Tensor.AllocateUnscoped(new Shape(values.Length), device);
        using (TensorScope.Begin()) vector.Assign(Tensor.From(values, vector.Shape, device));
        return vector;
    }

    // Half-precision and quantized matrices are multiplied in the file's own bytes; these cannot be, or gain by packing.
    private static bool IsPacked(StoredTensor tensor) => tensor.Type is WeightType.F32 or WeightType.F64 || tensor.GroupSize > 0;

    private BlockWeights Map(StoredTensor tensor)
    {
        cancellation.ThrowIfCancellationRequested();
        progress.Add(tensor.ByteLength);
        return new BlockWeights(file.Matrix(tensor), file);
    }

    private PackedWeights Pack(StoredTensor[] parts, bool transposed)
    {
        RowReader reader = new(file, parts, transposed);
        PackedWeights packed = new(reader.Rows, reader.Columns);
        try
        {
            InPanels(reader, (first, count) =>
            {
                float[] rows = ArrayPool<float>.Shared.Rent(count * reader.Columns);
                reader.Read(first, count, rows.AsSpan(0, count * reader.Columns));
                packed.Pack(first / PanelRows, rows.AsSpan(0, count * reader.Columns));
                ArrayPool<float>.Shared.Return(rows);
            });
            return packed;
        }
        catch
        {
            packed.Dispose();
            throw;
        }
    }

    private void InPanels(RowReader reader, Action<int, int> load)
    {
        int panels = (reader.Rows + PanelRows - 1) / PanelRows;
        try
        {
            Parallel.For(0, panels, new ParallelOptions { CancellationToken = cancellation }, panel =>
            {
                int first = panel * PanelRows, count = Math.Min(PanelRows, reader.Rows - first);
                load(first, count);
                progress.Add(reader.Bytes * count / reader.Rows);
            });
        }
        catch (AggregateException error) when (error.InnerExceptions.Count > 0)
        {
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }
    }
}
