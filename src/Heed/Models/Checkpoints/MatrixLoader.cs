using System.Buffers;
using System.Runtime.ExceptionServices;
using Heed.Formats;
using Heed.Kernels;
using Heed.Kernels.Strips;
using Heed.Tensors;

namespace Heed.Models.Checkpoints;

/// <summary>Makes weights of a file's tensors in whatever form they are to have.</summary>
/// <param name="file">The file.</param>
/// <param name="form">In what form matrices are held.</param>
/// <param name="progress">Told the bytes that were read.</param>
/// <param name="parallel">How many threads lay a matrix out, and what stops them.</param>
/// <param name="repacked">Where matrices may be mapped from instead, or null.</param>
internal sealed class MatrixLoader(TensorFile file, WeightForm form, LoadProgress progress, ParallelOptions parallel, RepackedCache? repacked = null)
{
    private const int PanelRows = PackedPanels.PanelRows;
    private const long PieceBytes = 8 << 20;

    /// <summary>The matrices one below the other, in the form that multiplies best.</summary>
    public LinearWeights Load(StoredSlice[] parts)
    {
        List<LinearWeights> weights = [];
        try
        {
            for (int i = 0; i < parts.Length;)
            {
                // What lies side by side in the same form becomes one matrix.
                Form kind = FormOf(parts[i]);
                int end = i + 1;
                while (kind is not (Form.Mapped or Form.Affine) && end < parts.Length && FormOf(parts[end]) == kind && (kind == Form.Packed || parts[end].Tensor.Type == parts[i].Tensor.Type)) end++;
                weights.Add(kind switch
                {
                    Form.Packed => Pack(parts[i..end]),
                    Form.Strips => PackStrips(parts[i..end]),
                    Form.Halves => PackHalves(parts[i..end]),
                    Form.Affine => PackAffine(parts[i]),
                    _ => Map(parts[i]),
                });
                i = end;
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
    public LinearWeights LoadTable(StoredSlice[] table) => table.Any(part => part.Tensor.GroupSize > 0 || part.Tensor.Affine is not null || part.Tensor.Joined is not null) ? Load(table)
        : table is [var only] ? Map(only) : new StackedWeights([.. table.Select(Map)]);

    /// <summary>Tells the progress that only slices of these tensors are wanted.</summary>
    public void LeaveOut(StoredTensor[] tensors, StoredSlice[] wanted) =>
        progress.LeaveOut(tensors.Sum(tensor => tensor.ByteLength + (tensor.Affine?.Bytes ?? 0)) - wanted.Sum(slice => slice.Bytes + (slice.Tensor.Affine?.Bytes ?? 0)));

    /// <summary>The matrices one below the other as an ordinary tensor that no scope owns.</summary>
    public Tensor LoadDense(StoredSlice[] parts, Device device)
    {
        RowReader reader = new(file, parts);
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
    public Tensor LoadVector(StoredSlice[] parts, float offset, Device device)
    {
        parallel.CancellationToken.ThrowIfCancellationRequested();
        float[] values = new float[parts.Sum(part => part.Rows)];
        int at = 0;
        foreach (StoredSlice part in parts)
        {
            file.ReadFloats(part.Tensor, part.FirstRow, values.AsSpan(at, part.Rows));
            at += part.Rows;
            progress.Add(part.Bytes);
        }
        if (offset != 0)
            for (int i = 0; i < values.Length; i++) values[i] += offset;
        Tensor vector = Tensor.AllocateUnscoped(new Shape(values.Length), device);
        using (TensorScope.Begin()) vector.Assign(Tensor.From(values, vector.Shape, device));
        return vector;
    }

    private enum Form
    {
        Packed,
        Strips,
        Halves,
        Affine,
        Mapped,
    }

    private Form FormOf(StoredSlice part)
    {
        StoredTensor tensor = part.Tensor;
        if (tensor.Affine is not null) return form != WeightForm.Exact && AffineMatrix.Takes(tensor.Shape[1]) ? Form.Affine : Form.Packed;
        if (part.Transposed || tensor.GroupSize > 0 || (tensor.Joined is not null && form == WeightForm.Exact) || tensor.Type is WeightType.F32 or WeightType.F64) return Form.Packed;
        if (form == WeightForm.Exact) return Form.Mapped;
        return StripMatrix.Takes(tensor.Type) ? Form.Strips : HalfPanels.Takes(tensor.Type) ? Form.Halves : Form.Mapped;
    }

    private BlockWeights Map(StoredSlice part)
    {
        parallel.CancellationToken.ThrowIfCancellationRequested();
        progress.Add(part.Bytes);
        return new BlockWeights(file.Matrix(part.Tensor).Slice(part.FirstRow, part.Rows, part.FirstColumn, part.Columns), file);
    }

    private StripWeights PackStrips(StoredSlice[] parts)
    {
        RawRows rows = new(file, parts);
        string key = KeyOf(Form.Strips, parts, rows.Rows, rows.Columns);
        if (Mapped(key, StripMatrix.BytesFor(parts[0].Tensor.Type, rows.Rows, rows.Columns), rows.Bytes) is { } memory)
            return new StripWeights(new StripMatrix(parts[0].Tensor.Type, rows.Rows, rows.Columns, memory));
        StripWeights weights = new(new StripMatrix(parts[0].Tensor.Type, rows.Rows, rows.Columns));
        Fill(weights, parts, rows, StripMatrix.StripRows, (first, bytes) => weights.Matrix.Pack(first / StripMatrix.StripRows, bytes));
        repacked?.Add(key, weights.Matrix.Memory);
        return weights;
    }

    private HalfWeights PackHalves(StoredSlice[] parts)
    {
        RawRows rows = new(file, parts);
        string key = KeyOf(Form.Halves, parts, rows.Rows, rows.Columns);
        if (Mapped(key, HalfPanels.BytesFor(rows.Rows, rows.Columns), rows.Bytes) is { } memory)
            return new HalfWeights(new HalfPanels(parts[0].Tensor.Type, rows.Rows, rows.Columns, memory));
        HalfWeights weights = new(new HalfPanels(parts[0].Tensor.Type, rows.Rows, rows.Columns));
        Fill(weights, parts, rows, PanelRows, (first, bytes) => weights.Panels.Pack(first / PanelRows, bytes));
        repacked?.Add(key, weights.Panels.Memory);
        return weights;
    }

    /// <summary>What names a matrix in a file of repacked weights.</summary>
    private static string KeyOf(Form kind, StoredSlice[] parts, int rows, int columns) =>
        $"{kind} {parts[0].Tensor.Type} {rows}x{columns} {string.Join('\n', parts.Select(part => part.Key))}";

    private NativeBuffer? Mapped(string key, long bytes, long sourceBytes)
    {
        parallel.CancellationToken.ThrowIfCancellationRequested();
        NativeBuffer? memory = repacked?.Find(key, bytes);
        if (memory is not null) progress.Add(sourceBytes);
        return memory;
    }

    private AffineWeights PackAffine(StoredSlice part)
    {
        RawRows rows = new(file, [part]);
        AffineMatrix pairs = ReadPairs(part);
        AffineScheme scheme = pairs.Scheme;
        string key = $"{KeyOf(Form.Affine, [part], rows.Rows, rows.Columns)}\n{scheme.Granularity} {scheme.GroupSize}";
        if (Mapped(key, AffineWeights.BytesFor(scheme, rows.Rows, rows.Columns), rows.Bytes) is { } memory) return new AffineWeights(scheme, rows.Rows, rows.Columns, memory);
        AffineWeights weights = new(scheme, rows.Rows, rows.Columns);
        Fill(weights, [part], rows, StripMatrix.StripRows, (first, codes) => weights.Set(first / StripMatrix.StripRows, pairs, codes));
        repacked?.Add(key, weights.Matrix.Memory);
        return weights;
    }

    private AffineMatrix ReadPairs(StoredSlice part)
    {
        StoredTensor tensor = part.Tensor;
        AffineParts parts = tensor.Affine!;
        int rows = checked((int)tensor.Shape[0]), columns = checked((int)tensor.Shape[1]);
        AffineScheme scheme = AffineScheme.OfShape(parts.Scales.Shape, rows, columns)!.Value;
        float[] scales = new float[parts.Scales.ElementCount];
        file.ReadFloats(parts.Scales, 0, scales);
        ReadOnlySpan<byte> zeros = file.Bytes(parts.ZeroPoints, 0, scales.Length);
        AffineQuantization[] pairs = new AffineQuantization[scales.Length];
        for (int i = 0; i < pairs.Length; i++) pairs[i] = AffineQuantization.Stored(scales[i], zeros[i]);
        progress.Add(parts.Bytes);
        AffineMatrix whole = new(scheme, rows, columns, pairs);
        return part.IsWhole ? whole : whole.Cut(tensor.Name, [(part.FirstRow, part.Rows)], part.FirstColumn, part.Columns);
    }

    /// <summary>Hands all rows over, so many at a time, and gives the mapped memory back: there is one copy of the weights.</summary>
    private void Fill(LinearWeights weights, StoredSlice[] parts, RawRows rows, int step, RawRows.Taker take)
    {
        try
        {
            // In pieces, so that at no time much of a large matrix is there twice.
            int piece = (int)Math.Clamp(PieceBytes * rows.Rows / Math.Max(rows.Bytes, 1) / step * step, step, Math.Max(step, rows.Rows));
            for (int begin = 0; begin < rows.Rows; begin += piece)
            {
                int start = begin, length = Math.Min(piece, rows.Rows - begin);
                InSteps(length, rows.Bytes * length / rows.Rows, step, (first, count) => rows.Read(start + first, count, take));
                rows.Release(start, length);
            }
            // The pages between two pieces or parts.
            foreach (StoredSlice part in parts) file.Release(part.Tensor, (long)part.FirstRow * part.RowStride, (long)part.Rows * part.RowStride);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    private PackedWeights Pack(StoredSlice[] parts)
    {
        RowReader reader = new(file, parts);
        string key = KeyOf(Form.Packed, parts, reader.Rows, reader.Columns);
        if (Mapped(key, PackedWeights.BytesFor(reader.Rows, reader.Columns), reader.Bytes) is { } memory) return new PackedWeights(reader.Rows, reader.Columns, memory);
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
            repacked?.Add(key, packed.Memory);
            return packed;
        }
        catch
        {
            packed.Dispose();
            throw;
        }
    }

    private void InPanels(RowReader reader, Action<int, int> load) => InSteps(reader.Rows, reader.Bytes, PanelRows, load);

    private void InSteps(int rows, long bytes, int step, Action<int, int> load)
    {
        int steps = (rows + step - 1) / step;
        try
        {
            Parallel.For(0, steps, parallel, index =>
            {
                int first = index * step, count = Math.Min(step, rows - first);
                load(first, count);
                progress.Add(bytes * count / rows);
            });
        }
        catch (AggregateException error) when (error.InnerExceptions.Count > 0)
        {
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }
    }
}
