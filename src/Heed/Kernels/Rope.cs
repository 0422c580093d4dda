using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>Rotary position embedding (Su et al. 2021, arXiv 2104.09864), in place.</summary>
internal static unsafe partial class Rope
{
    private static ReadOnlySpan<float> OddSigns => [-1f, 1f, -1f, 1f, -1f, 1f, -1f, 1f, -1f, 1f, -1f, 1f, -1f, 1f, -1f, 1f];

    /// <summary>Rotates the first <paramref name="rotaryDim"/> components of each of <paramref name="heads"/> adjacent heads of each token.</summary>
    /// <param name="data">Begins at the first head of the first token; tokens are <paramref name="rowStride"/> floats apart.</param>
    /// <param name="rowStride">Floats from token to token.</param>
    /// <param name="positions">One per token; a negative one leaves its token as it is.</param>
    /// <param name="heads">Heads per token, <paramref name="headDim"/> floats apart.</param>
    /// <param name="headDim">Floats per head.</param>
    /// <param name="rotaryDim">Even and at most headDim.</param>
    /// <param name="cos">[position, rotaryDim / 2].</param>
    /// <param name="sin">[position, rotaryDim / 2].</param>
    /// <param name="layout">Pairs or halves.</param>
    /// <param name="inverse">Whether sines are negated, which turns back.</param>
    public static void Apply(
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
        if (positions.IsEmpty || heads <= 0 || rotaryDim == 0)
        {
            return;
        }

        Check(data.Length, rowStride, positions, heads, headDim, rotaryDim, Math.Min(cos.Length, sin.Length));
        fixed (float* rows = data, c = cos, s = sin)
        fixed (int* position = positions)
        {
            Shape shape = new(positions.Length, rowStride, heads, headDim, rotaryDim / 2, inverse ? -1f : 1f);
            if (Vector512.IsHardwareAccelerated)
            {
                Core<Sixteen512, Vector512<float>>(rows, position, c, s, layout, shape);
            }
            else if (Vector256.IsHardwareAccelerated)
            {
                Core<Sixteen256, Pair256>(rows, position, c, s, layout, shape);
            }
            else
            {
                Core<Sixteen128, Quad128>(rows, position, c, s, layout, shape);
            }
        }
    }

    internal readonly record struct Shape(int Tokens, int RowStride, int Heads, int HeadDim, int Half, float Turn = 1f);

    private static void Check(
        int length, int rowStride, ReadOnlySpan<int> positions, int heads, int headDim, int rotaryDim, int tableLength)
    {
        if (rotaryDim < 0 || rotaryDim % 2 != 0 || rotaryDim > headDim)
        {
            throw new ArgumentException($"Rope: rotary dimension {rotaryDim}; need an even one of at most {headDim}.", nameof(rotaryDim));
        }

        if (rowStride < 0 || ((long)(positions.Length - 1) * rowStride) + ((long)heads * headDim) > length)
        {
            throw new ArgumentException(
                $"Rope: {positions.Length} tokens of {heads} heads of {headDim}, {rowStride} apart, exceed {length} elements.", nameof(rowStride));
        }

        int known = tableLength / (rotaryDim / 2);
        foreach (int position in positions)
        {
            if (position >= known)
            {
                throw new ArgumentOutOfRangeException(nameof(positions), $"Rope: position {position}; the tables hold {known}.");
            }
        }
    }

    /// <summary>The bounds are those that Check has proven.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Core<L, V>(float* rows, int* positions, float* cos, float* sin, RopeLayout layout, Shape shape)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int half = shape.Half;
        for (int t = 0; t < shape.Tokens; t++)
        {
            if (positions[t] < 0)
            {
                continue;
            }

            float* head = rows + ((long)t * shape.RowStride);
            float* c = cos + ((long)positions[t] * half);
            float* s = sin + ((long)positions[t] * half);
            for (int h = 0; h < shape.Heads; h++, head += shape.HeadDim)
            {
                if (layout == RopeLayout.HalfSplit)
                {
                    RotateHalves<L, V>(head, c, s, half, shape.Turn);
                }
                else
                {
                    RotatePairs<L, V>(head, c, s, half, shape.Turn);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RotateHalves<L, V>(float* head, float* cos, float* sin, int half, float turn)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int i = 0;
        V plus = L.Create(turn);
        V minus = L.Create(-turn);
        for (; i <= half - 16; i += 16)
        {
            V c = L.Load(cos + i);
            V s = L.Load(sin + i);
            V x = L.Load(head + i);
            V y = L.Load(head + half + i);
            L.Store(head + i, L.Fma(y, L.Multiply(s, minus), L.Multiply(x, c)));
            L.Store(head + half + i, L.Fma(x, L.Multiply(s, plus), L.Multiply(y, c)));
        }

        for (; i < half; i++)
        {
            Rotate(head + i, head + half + i, cos[i], sin[i] * turn);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RotatePairs<L, V>(float* head, float* cos, float* sin, int half, float turn)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int i = 0;
        fixed (float* odd = OddSigns)
        {
            V signs = L.Multiply(L.Load(odd), L.Create(turn));
            for (; i <= half - 8; i += 8)
            {
                V c = L.LoadTwice(cos + i);
                V s = L.Multiply(L.LoadTwice(sin + i), signs);
                V x = L.Load(head + (2 * i));
                L.Store(head + (2 * i), L.Fma(L.SwapPairs(x), s, L.Multiply(x, c)));
            }
        }

        for (; i < half; i++)
        {
            Rotate(head + (2 * i), head + (2 * i) + 1, cos[i], sin[i] * turn);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rotate(float* first, float* second, float cos, float sin)
    {
        float x = *first;
        float y = *second;
        *first = MathF.FusedMultiplyAdd(y, -sin, x * cos);
        *second = MathF.FusedMultiplyAdd(x, sin, y * cos);
    }
}
