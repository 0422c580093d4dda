using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Tests.Models;

/// <summary>Asks a source for slices of all layers of a model, and holds them against the whole layers.</summary>
internal static class SlicedLayers
{
    /// <summary>Slice <paramref name="share"/> of <paramref name="shares"/> of a layer.</summary>
    public static MatrixSlice Of(ModelLayer layer, LayerCut cut, int share, int shares)
    {
        int rows = (int)layer.Rows, columns = (int)layer.Columns;
        (int firstColumn, int width) = cut != LayerCut.Rows && columns % shares == 0 && layer.Kind is ModelLayerKind.Linear or ModelLayerKind.Embedding or ModelLayerKind.Matrix
            ? (columns / shares * share, columns / shares)
            : (0, columns);
        if (cut == LayerCut.Columns) return new MatrixSlice([(0, rows)], firstColumn, width);
        if (cut == LayerCut.Ranges) return new MatrixSlice([(rows / 2 + 1, rows - rows / 2 - 1), (rows / 5, rows / 3), (0, 1)], firstColumn, width);
        List<(int, int)> ranges = [];
        int above = 0;
        foreach (int part in layer.Parts.Select(part => (int)part))
        {
            int size = (part + shares - 1) / shares, first = Math.Min(share * size, part - 1);
            ranges.Add((above + first, Math.Min(size, part - first)));
            above += part;
        }
        return new MatrixSlice(ranges);
    }

    /// <summary>Every layer's slice has the rows, columns and biases of the whole; of whole rows also the same outputs, to the bit.</summary>
    public static void ShouldBeOfTheWhole(ModelConfig config, IWeightSource whole, IWeightSource sliced, LayerCut cut, int share, int shares)
    {
        foreach (ModelLayer layer in ModelLayer.Of(config)) ShouldBeOfTheWhole(layer, whole, sliced, cut, share, shares);
    }

    /// <summary>As <see cref="ShouldBeOfTheWhole(ModelConfig, IWeightSource, IWeightSource, LayerCut, int, int)"/>, of one layer.</summary>
    public static void ShouldBeOfTheWhole(ModelLayer layer, IWeightSource whole, IWeightSource sliced, LayerCut cut, int share, int shares)
    {
        MatrixSlice slice = Of(layer, cut, share, shares);
        string context = $"{layer.Name} {cut} {share}/{shares}";
        int rows = (int)layer.Rows, columns = (int)layer.Columns;
        if (layer.Kind == ModelLayerKind.Linear)
        {
            Linear full = whole.Linear(layer.Name, columns, rows, layer.Bias), part = sliced.Linear(layer.Name, columns, rows, layer.Bias, slice);
            (part.InFeatures, part.OutFeatures).ShouldBe((slice.Within(layer.Name, rows, columns).Columns, slice.RowCount), context);
            ShouldBeRowsOf(LayerRows.Of(full), LayerRows.Of(part), layer, slice, context);
            Biases(LayerRows.BiasOf(part)).ShouldBe(Pick(Biases(LayerRows.BiasOf(full)), slice), context);
            if (part.InFeatures == full.InFeatures) ShouldGiveTheSame(full, part, slice, context);
        }
        else if (layer.Kind == ModelLayerKind.Embedding)
        {
            Embedding full = whole.Embedding(layer.Name, rows, columns), part = sliced.Embedding(layer.Name, rows, columns, slice);
            part.Count.ShouldBe(slice.RowCount, context);
            ShouldBeRowsOf(LayerRows.Of(full), LayerRows.Of(part), layer, slice, context);
        }
        else
        {
            ShouldBeTensors(layer, whole, sliced, slice, context);
        }
    }

    private static void ShouldBeTensors(ModelLayer layer, IWeightSource whole, IWeightSource sliced, MatrixSlice slice, string context)
    {
        bool matrix = layer.Kind == ModelLayerKind.Matrix;
        Shape shape = matrix ? Shape.Of((int)layer.Rows, (int)layer.Columns) : new Shape((int)layer.Rows);
        string[] names = layer.IsPlain ? [""] : layer.Bias ? [".weight", ".bias", .. layer.Buffers.Select(name => "." + name)] : [".weight"];
        if (!matrix) slice = slice.OfRows();
        foreach (string name in names)
        {
            float[] all = whole.Tensor(layer.Name + name, shape).ToArray();
            float[] some = sliced.Tensor(layer.Name + name, shape, slice).ToArray();
            some.ShouldBe(matrix ? Pick(all, slice, shape[1]) : Pick(all, slice), context + name);
        }
    }

    private static void ShouldBeRowsOf(LayerRows.Reader whole, LayerRows.Reader part, ModelLayer layer, MatrixSlice slice, string context)
    {
        int width = slice.Columns == 0 ? (int)layer.Columns : slice.Columns, to = 0;
        float[] expected = new float[layer.Columns], actual = new float[width];
        foreach ((int first, int count) in slice.Rows)
            for (int row = first; row < first + count; row++, to++)
            {
                whole(row, expected);
                part(to, actual);
                actual.AsSpan().SequenceEqual(expected.AsSpan(slice.FirstColumn, width)).ShouldBeTrue($"{context}, row {row}");
            }
    }

    private static void ShouldGiveTheSame(Linear whole, Linear part, MatrixSlice slice, string context)
    {
        using TensorScope scope = new();
        using TensorScope.Lease lease = scope.Enter();
        foreach (int rows in (int[])[1, 5])
        {
            Tensor x = Tensor.Normal(Shape.Of(rows, whole.InFeatures), new Random(3), device: whole is DenseLinear dense ? dense.Weight.Device : Device.Cpu);
            float[] expected = whole.Forward(x).ToArray(), actual = part.Forward(x).ToArray();
            for (int row = 0; row < rows; row++)
                actual[(row * part.OutFeatures)..((row + 1) * part.OutFeatures)].ShouldBe(Pick(expected[(row * whole.OutFeatures)..((row + 1) * whole.OutFeatures)], slice), context);
        }
    }

    private static float[] Biases(Tensor? bias) => bias?.ToArray() ?? [];

    private static float[] Pick(float[] all, MatrixSlice slice) => [.. slice.Rows.SelectMany(range => all.Skip(range.First).Take(range.Count))];

    private static float[] Pick(float[] all, MatrixSlice slice, int columns) =>
        [.. slice.Rows.SelectMany(range => Enumerable.Range(range.First, range.Count)).SelectMany(row => all.Skip(row * columns + slice.FirstColumn).Take(slice.Columns == 0 ? columns : slice.Columns))];
}
