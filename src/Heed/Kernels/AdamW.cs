using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels;

/// <summary>AdamW's step (Loshchilov and Hutter 2017, arXiv 1711.05101): one pass over parameter, gradient and both moments.</summary>
internal static class AdamW
{
    /// <summary>Elements are counted from <paramref name="first"/> on for the draws of the rounding; the spans do not overlap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> firstMoment, Span<float> secondMoment, in AdamWFactors factors, int first)
    {
        Debug.Assert(gradient.Length == parameter.Length && firstMoment.Length == parameter.Length && secondMoment.Length == parameter.Length, "sizes are checked by the caller");
        Vector512<float> keep1 = Vector512.Create(factors.Beta1), take1 = Vector512.Create(factors.OneMinusBeta1);
        Vector512<float> keep2 = Vector512.Create(factors.Beta2), take2 = Vector512.Create(factors.OneMinusBeta2);
        Vector512<float> scale = Vector512.Create(factors.GradientScale), decay = Vector512.Create(factors.Decay);
        Vector512<float> unbias = Vector512.Create(factors.InverseRootCorrection2), epsilon = Vector512.Create(factors.Epsilon);
        Vector512<float> back = Vector512.Create(-factors.StepSize);
        Vector512<uint> element = Vector512.Create((uint)first) + Vector512<uint>.Indices;
        int i = 0;
        for (; i <= parameter.Length - 16; i += 16)
        {
            Vector512<float> g = Vector512.Create(gradient[i..]) * scale;
            Vector512<float> m = Vector512.FusedMultiplyAdd(g, take1, Vector512.Create<float>(firstMoment[i..]) * keep1);
            Vector512<float> v = Vector512.FusedMultiplyAdd(g * take2, g, Vector512.Create<float>(secondMoment[i..]) * keep2);
            Vector512<float> root = Vector512.FusedMultiplyAdd(Vector512.Sqrt(v), unbias, epsilon);
            Vector512<float> p = Vector512.FusedMultiplyAdd(m / root, back, Vector512.Create<float>(parameter[i..]) * decay);
            if (factors.Rounds) p = RoundStochastic(p, DropoutStream.Draw(factors.RoundingKey, element));
            m.CopyTo(firstMoment[i..]);
            v.CopyTo(secondMoment[i..]);
            p.CopyTo(parameter[i..]);
            element += Vector512.Create(16u);
        }

        RunScalar(parameter[i..], gradient[i..], firstMoment[i..], secondMoment[i..], factors, first + i);
    }

    /// <summary>The scalar twin.</summary>
    public static void RunScalar(Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> firstMoment, Span<float> secondMoment, in AdamWFactors factors, int first)
    {
        for (int i = 0; i < parameter.Length; i++)
        {
            float g = gradient[i] * factors.GradientScale;
            float m = MathF.FusedMultiplyAdd(g, factors.OneMinusBeta1, firstMoment[i] * factors.Beta1);
            float v = MathF.FusedMultiplyAdd(g * factors.OneMinusBeta2, g, secondMoment[i] * factors.Beta2);
            float root = MathF.FusedMultiplyAdd(MathF.Sqrt(v), factors.InverseRootCorrection2, factors.Epsilon);
            float p = MathF.FusedMultiplyAdd(m / root, -factors.StepSize, parameter[i] * factors.Decay);
            if (factors.Rounds) p = RoundStochastic(p, DropoutStream.Draw(factors.RoundingKey, (uint)(first + i)));
            firstMoment[i] = m;
            secondMoment[i] = v;
            parameter[i] = p;
        }
    }

    /// <summary>A neighbour of x in bfloat16, the upper in size with the probability that keeps the mean; NaN stays.</summary>
    public static float RoundStochastic(float x, uint draw)
    {
        if (float.IsNaN(x)) return x;
        uint bits = BitConverter.SingleToUInt32Bits(x) + (draw >> 16);
        return BitConverter.UInt32BitsToSingle(bits & 0xFFFF0000);
    }

    private static Vector512<float> RoundStochastic(Vector512<float> x, Vector512<uint> draw)
    {
        Vector512<uint> bits = (x.AsUInt32() + (draw >>> 16)) & Vector512.Create(0xFFFF0000);
        return Vector512.ConditionalSelect(Vector512.Equals(x, x), bits.AsSingle(), x);
    }
}
