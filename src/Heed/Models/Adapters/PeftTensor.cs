using Heed.Models.Checkpoints;

namespace Heed.Models.Adapters;

/// <summary>A factor of an adapter in PEFT's file.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Layer">The model's layer that it belongs to, by its full name.</param>
/// <param name="Target">The adapter within the layer.</param>
/// <param name="IsB">Whether it is the second factor.</param>
/// <param name="Shape">[rank, in] for A, [out, rank] for B.</param>
/// <param name="Order">The model's row for each row of the file, or null where they are the same.</param>
internal sealed record PeftTensor(string Name, string Layer, string Target, bool IsB, long[] Shape, int[]? Order)
{
    /// <summary>The model's rows in the file's order.</summary>
    public float[] ToFile(float[] values) => Reordered(values, Order);

    /// <summary>The file's rows in the model's order.</summary>
    public float[] FromFile(float[] values) => Reordered(values, Order is null ? null : RowOrder.Inverse(Order));

    private static float[] Reordered(float[] values, int[]? order)
    {
        if (order is null) return values;
        float[] rows = new float[values.Length];
        RowOrder.ApplyToRows(values, order, rows);
        return rows;
    }
}
