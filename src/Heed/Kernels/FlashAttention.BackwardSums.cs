using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <content>What the parts of the backward pass have in common: sums over them in their order.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>Everything that is summed over parts, for callers that run the parts themselves.</summary>
    internal static void SumPartials(in AttentionGradientArgs args, int shares, float* partials)
    {
        SumQueriesJob queries = new(args, shares, (nint)partials);
        for (int part = 0; part < args.Forward.Batch * args.Forward.Heads && shares > 1; part++)
        {
            queries.Execute(part);
        }

        SumHeadsJob heads = new(args, shares, (nint)partials);
        for (int part = 0; part < args.Forward.Heads; part++)
        {
            heads.Execute(part);
        }
    }

    /// <summary>The shares' parts of one head's query gradient.</summary>
    private readonly struct SumQueriesJob(AttentionGradientArgs args, int shares, nint partials) : IPoolJob
    {
        public void Execute(int part)
        {
            int batch = part / args.Forward.Heads, head = part % args.Forward.Heads, dim = args.Forward.HeadDim;
            float* source = (float*)partials + ((long)part * args.Forward.Queries * dim);
            for (int i = 0; i < args.Forward.Queries; i++, source += dim)
            {
                SumRows(source, QueryPartial(args.Forward), shares, dim, QueryGradient(args, batch, head, i));
            }
        }
    }

    /// <summary>One head's gradients of what all its rows share: biases by distance, and the sink.</summary>
    private readonly struct SumHeadsJob(AttentionGradientArgs args, int shares, nint partials) : IPoolJob
    {
        public void Execute(int head)
        {
            if (args.DistanceGradient != null)
            {
                AttentionArgs forward = args.Forward;
                long pitch = DistancePitch(forward);
                int count = forward.Queries + forward.KeyCapacity - 1;
                float* source = (float*)partials + (shares == 1 ? 0 : shares * QueryPartial(forward)) + (head * pitch);
                SumRows(source, forward.Heads * pitch, forward.Batch * shares, count, args.DistanceGradient + ((long)head * count));
            }

            if (args.SinkGradient != null)
            {
                args.SinkGradient[head] = SinkSlope(args, head);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumRows(float* source, long step, int count, int dim, float* target)
    {
        for (int d = 0; d < dim; d++)
        {
            float sum = count == 0 ? 0f : source[d];
            for (int s = 1; s < count; s++)
            {
                sum += source[(s * step) + d];
            }

            target[d] = sum;
        }
    }

    /// <summary>-Σ p·(dO·O) over all rows that see something, p the sink's weight: it takes from every other weight.</summary>
    private static float SinkSlope(in AttentionGradientArgs args, int head)
    {
        AttentionArgs forward = args.Forward;
        float sink = forward.Modifiers.Sinks[head];
        double sum = 0;
        for (int b = 0; b < forward.Batch; b++)
        {
            float* logSumExp = forward.LogSumExp + ((((long)b * forward.Heads) + head) * forward.Queries);
            for (int i = 0; i < forward.Queries; i++)
            {
                if (!float.IsNegativeInfinity(logSumExp[i]))
                {
                    sum -= (double)VectorMath.Exp(sink - logSumExp[i]) * ScalarDelta(args, b, head, i);
                }
            }
        }

        return (float)sum;
    }
}
