namespace Heed.Kernels;

/// <summary>The scalar twins.</summary>
internal static partial class Map
{
    public static void RunScalar<TMap>(ReadOnlySpan<float> x, Span<float> destination, float constant = 0f)
        where TMap : struct, IMap
    {
        for (int i = 0; i < x.Length; i++)
        {
            destination[i] = TMap.Apply(x[i], constant);
        }
    }

    public static void RunGatedScalar<TMap>(
        ReadOnlySpan<float> gateUp, int rows, int hidden, Span<float> destination, float constant = 0f)
        where TMap : struct, IMap
    {
        for (int r = 0; r < rows; r++)
        {
            ReadOnlySpan<float> row = gateUp.Slice(r * 2 * hidden, 2 * hidden);
            for (int i = 0; i < hidden; i++)
            {
                destination[(r * hidden) + i] = TMap.Apply(row[i], constant) * row[hidden + i];
            }
        }
    }
}
