using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Quantization;

/// <summary>The sixteen unevenly spaced numbers of <see cref="NonLinearBlocks.Table"/>.</summary>
internal readonly struct TableGrid : IQuantGrid
{
    public float Lowest => NonLinearBlocks.Table[0];

    public float Highest => NonLinearBlocks.Table[^1];

    public float SearchStep => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<float> Nearest(Vector256<float> values)
    {
        ReadOnlySpan<sbyte> table = NonLinearBlocks.Table;
        Vector256<float> nearest = Vector256.Create((float)table[0]);
        for (int k = 1; k < table.Length; k++)
        {
            // Each middle that is passed adds the step over it.
            Vector256<float> passed = Vector256.GreaterThanOrEqual(values, Vector256.Create(0.5f * (table[k - 1] + table[k])));
            nearest += passed & Vector256.Create((float)(table[k] - table[k - 1]));
        }
        return nearest;
    }
}
