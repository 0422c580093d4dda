using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <content>Modified scores as the backward pass holds them, sixteen keys side by side.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>Where the slopes of one tile's scores are added up, besides dq and dk.</summary>
    private struct SlopeTargets
    {
        /// <summary>Null, or one head's gradient by distance.</summary>
        public float* Distances;

        /// <summary>Null, or the bias's gradient for the tile's first row and key; rows lie Step floats apart.</summary>
        public float* Bias;
        public long Step;

        public static SlopeTargets Of(in AttentionGradientArgs args, in BackwardPart part, int head, int query, int start)
        {
            ScoreModifiers modifiers = args.Forward.Modifiers;
            long bias = (part.Batch * modifiers.BiasBatchStride) + (head * modifiers.BiasHeadStride) + (query * modifiers.BiasQueryStride) + start;
            return new()
            {
                Distances = part.Distances == null ? null : part.Distances + (head * DistancePitch(args.Forward)),
                Bias = args.BiasGradient == null ? null : args.BiasGradient + bias,
                Step = modifiers.BiasQueryStride,
            };
        }
    }

    /// <summary>As <see cref="SlopeRow{L, V}"/>, for a tile whose scores are modified; hidden keys get 0, whatever they and their values hold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ModifiedSlopeRow<L, V>(
        in AttentionArgs args, in BackwardWork work, in QueryRows rows, in ScoreTile tile, in SlopeTargets targets, int r)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int row = rows.Query + r;
        ulong seen = tile.RowMasks == null ? ulong.MaxValue : tile.RowMasks[r];
        V scale = L.Create(args.Scale), cap = L.Create(args.SoftCap), one = L.Create(1f), zero = L.Create(0f);
        V lse = L.Create(work.LogSumExp[row]), delta = L.Create(work.Deltas[row]), end = L.Create(float.MinValue);
        float* weights = work.Weights + (r * TileKeys);
        float* slopes = work.Slopes + (r * TileKeys);
        for (int i = 0; i < TileKeys; i += 16, seen >>= 16)
        {
            if ((seen & 0xFFFF) == 0)
            {
                L.Store(weights + i, zero);
                L.Store(slopes + i, zero);
                continue;
            }

            V s = L.Multiply(L.Load(weights + i), scale), capSlope = scale;
            if (args.SoftCap != 0f)
            {
                V t = VectorMath.Tanh<L, V>(L.Divide(s, cap));
                s = L.Multiply(t, cap);
                capSlope = L.Multiply(L.Subtract(one, L.Multiply(t, t)), scale);
            }

            s = ModifyRow<L, V>(args, tile, s, (uint)seen, r, i);
            V p = VectorMath.Exp<L, V>(L.Subtract(s, lse)), dp = L.Load(slopes + i), kept = p;
            if (args.DropoutRate != 0f)
            {
                Drop<L, V>(args, work.DropoutKeys[row], tile.Start + i, ref kept, ref dp);
            }

            V ds = L.SelectLess(s, end, zero, L.Multiply(L.Subtract(dp, delta), p));
            AddSlopes<L, V>(args, targets, tile.Start, row, r, i, ds);
            L.Store(weights + i, L.SelectLess(s, end, zero, kept));
            L.Store(slopes + i, L.Multiply(ds, capSlope));
        }
    }

    /// <summary>The final scores of row r and keys i … i + 15 of a tile from its capped ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ModifyRow<L, V>(in AttentionArgs args, in ScoreTile tile, V s, uint seen, int r, int i)
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (tile.Distances != null)
        {
            s = AddBias<L, V>(s, L.Load(tile.Distances + i - r + (TileKeys - 1)));
        }

        if (tile.Bias != null)
        {
            int rest = args.KeyCapacity - tile.Start - i;
            float* at = tile.Bias + (r * tile.BiasStep) + i;
            s = AddBias<L, V>(s, rest >= 16 ? L.Load(at) : L.LoadPart(at, Math.Max(0, rest), 0f));
        }

        s = L.SelectBits(seen, s, L.Create(float.NegativeInfinity));
        return tile.Least == null
            ? s
            : Choose<L, V>(s, L.Load(tile.Keys + i), L.Create(tile.Least[r]), L.Create(tile.LastTies[r]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddSlopes<L, V>(in AttentionArgs args, in SlopeTargets targets, int start, int row, int r, int i, V slope)
        where L : ISixteen<V>
        where V : unmanaged
    {
        if (targets.Distances != null)
        {
            float* at = targets.Distances + DistanceIndex(args, row, start + i);
            L.Store(at, L.Add(L.Load(at), slope));
        }

        int rest = Math.Min(16, args.KeyCapacity - start - i);
        if (targets.Bias != null && rest > 0)
        {
            float* at = targets.Bias + (r * targets.Step) + i;
            L.StorePart(at, rest, L.Add(L.LoadPart(at, rest, 0f), slope));
        }
    }
}
