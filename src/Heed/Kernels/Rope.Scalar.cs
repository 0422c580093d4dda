namespace Heed.Kernels;

/// <summary>The scalar twin.</summary>
internal static unsafe partial class Rope
{
    public static void ApplyScalar(
        Span<float> data,
        int rowStride,
        ReadOnlySpan<int> positions,
        int heads,
        int headDim,
        int rotaryDim,
        ReadOnlySpan<float> cos,
        ReadOnlySpan<float> sin,
        RopeLayout layout,
        bool inverse = false)
    {
        int half = rotaryDim / 2;
        for (int t = 0; t < positions.Length; t++)
        {
            for (int h = 0; h < heads && positions[t] >= 0; h++)
            {
                Span<float> head = data.Slice((t * rowStride) + (h * headDim), headDim);
                for (int i = 0; i < half; i++)
                {
                    bool pairs = layout == RopeLayout.Interleaved;
                    ref float first = ref head[pairs ? 2 * i : i];
                    ref float second = ref head[pairs ? (2 * i) + 1 : i + half];
                    float c = cos[(positions[t] * half) + i];
                    float s = sin[(positions[t] * half) + i] * (inverse ? -1f : 1f);
                    (first, second) = (
                        MathF.FusedMultiplyAdd(second, -s, first * c),
                        MathF.FusedMultiplyAdd(first, s, second * c));
                }
            }
        }
    }
}
