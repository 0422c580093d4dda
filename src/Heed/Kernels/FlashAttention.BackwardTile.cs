using System.Runtime.CompilerServices;

namespace Heed.Kernels;

/// <content>The five products of one tile of 64 queries and 64 keys.</content>
internal static unsafe partial class FlashAttention
{
    private static void BackwardTile<TLanes, TVector, L, V>(
        in AttentionArgs args, in BackwardWork work, in QueryRows rows, in ScoreTile scores, in SlopeTargets targets, int tile, int slot)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
        where L : ISixteen<V>
        where V : unmanaged
    {
        int start = scores.Start, keys = Math.Min(TileKeys, args.KeyCapacity - start);
        (int from0, int to0) = scores.RowsSeeing(rows, 0, Panel);
        (int from1, int to1) = scores.RowsSeeing(rows, Panel, TileKeys);
        bool joint = (from0, to0) == (from1, to1);
        BackwardSpan both = new(work, args, tile, slot, 0, keys, from0, to0);
        BackwardSpan low = new(work, args, tile, slot, 0, Math.Min(keys, Panel), from0, to0);
        BackwardSpan high = new(work, args, tile, slot, Panel, keys, from1, to1);
        if (joint)
        {
            Scores<TLanes, TVector>(args, work, both);
        }
        else
        {
            Scores<TLanes, TVector>(args, work, low);
            Scores<TLanes, TVector>(args, work, high);
        }

        int from = to0 == from0 ? from1 : to1 == from1 ? from0 : Math.Min(from0, from1);
        int to = Math.Max(from, Math.Max(to0 == from0 ? 0 : to0, to1 == from1 ? 0 : to1));
        for (int r = from; r < to; r++)
        {
            if (scores.Modified)
            {
                ModifiedSlopeRow<L, V>(args, work, rows, scores, targets, r);
            }
            else
            {
                SlopeRow<L, V>(args, work, rows, tile, start, r);
            }
        }

        if (joint)
        {
            KeyGradients<TLanes, TVector>(args, work, both);
        }
        else
        {
            KeyGradients<TLanes, TVector>(args, work, low);
            KeyGradients<TLanes, TVector>(args, work, high);
        }

        int pitch = work.KeyPitch;
        TilePacking.Transpose(work.Slopes, TileKeys, TileRows, TileKeys, work.SlopesTransposed, TileRows);
        Product<TLanes, TVector>(to - from, pitch / Panel, keys, work.SlopesTransposed + from, TileRows,
            work.KeyRows + ((long)slot * TileKeys * pitch), TileKeys * Panel,
            work.QueryGradients + ((((long)tile * TileRows) + from) * pitch), pitch, resume: true);
        args.Counter?.Add((long)(to - from) * keys * args.HeadDim, (long)(to - from) * 2 * args.HeadDim);
    }

    /// <summary>Rows from … to against keys first … end (first 0 or 32) of one tile, and where they lie.</summary>
    private readonly struct BackwardSpan(in BackwardWork work, in AttentionArgs args, int tile, int slot, int first, int end, int from, int to)
    {
        public readonly int From = from;
        public readonly int First = first;

        public readonly int Rows = first < end ? to - from : 0;
        public readonly int Keys = Math.Max(0, end - first);

        /// <summary>Place of the span in the tiles of S, P, dP and dS.</summary>
        public readonly int Corner = (from * TileKeys) + first;

        public readonly float* Queries = work.QueryColumns + ((long)tile * TileRows * args.HeadDim) + from;
        public readonly float* Outputs = work.OutputColumns + ((long)tile * TileRows * args.ValueDim) + from;
        public readonly float* KeyColumns = work.KeyColumns + (((long)slot * TileKeys) + first) * args.HeadDim;
        public readonly float* ValueColumns = work.ValueColumns + (((long)slot * TileKeys) + first) * args.ValueDim;

        public readonly float* QueryRows = work.QueryRowPanels + ((long)tile * TileRows * work.KeyPitch) + (from * Panel);
        public readonly float* OutputRows = work.OutputRowPanels + ((long)tile * TileRows * work.ValuePitch) + (from * Panel);
        public readonly float* KeyGradients = work.KeyGradients + (((long)slot * TileKeys) + first) * work.KeyPitch;
        public readonly float* ValueGradients = work.ValueGradients + (((long)slot * TileKeys) + first) * work.ValuePitch;
    }

    /// <summary>S = q kᵀ and dP = dO vᵀ.</summary>
    private static void Scores<TLanes, TVector>(in AttentionArgs args, in BackwardWork work, in BackwardSpan span)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
    {
        int panels = (span.Keys + Panel - 1) / Panel;
        Product<TLanes, TVector>(span.Rows, panels, args.HeadDim, span.Queries, TileRows,
            span.KeyColumns, Panel * args.HeadDim, work.Weights + span.Corner, TileKeys, resume: false);
        Product<TLanes, TVector>(span.Rows, panels, args.ValueDim, span.Outputs, TileRows,
            span.ValueColumns, Panel * args.ValueDim, work.Slopes + span.Corner, TileKeys, resume: false);
        args.Counter?.Add((long)span.Rows * span.Keys * (args.HeadDim + args.ValueDim), (long)span.Rows * (args.HeadDim + args.ValueDim));
    }

    /// <summary>dv += Pᵀ dO and dk += dSᵀ q.</summary>
    private static void KeyGradients<TLanes, TVector>(in AttentionArgs args, in BackwardWork work, in BackwardSpan span)
        where TLanes : struct, IFloatLanes<TVector>
        where TVector : unmanaged
    {
        if (span.Rows == 0)
        {
            return;
        }

        Product<TLanes, TVector>(span.Keys, work.ValuePitch / Panel, span.Rows, work.Weights + span.Corner, TileKeys,
            span.OutputRows, TileRows * Panel, span.ValueGradients, work.ValuePitch, resume: true);
        Product<TLanes, TVector>(span.Keys, work.KeyPitch / Panel, span.Rows, work.Slopes + span.Corner, TileKeys,
            span.QueryRows, TileRows * Panel, span.KeyGradients, work.KeyPitch, resume: true);
        args.Counter?.Add((long)span.Rows * span.Keys * (args.HeadDim + args.ValueDim), (long)span.Rows * (args.HeadDim + args.ValueDim));
    }

    /// <summary>Turns one row's scores and dP into the weights that values saw and into dS; 0 where the row sees nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SlopeRow<L, V>(in AttentionArgs args, in BackwardWork work, in QueryRows rows, int tile, int start, int r)
        where L : ISixteen<V>
        where V : unmanaged
    {
        int begin = Math.Clamp(rows.Begins[r] - start, 0, TileKeys), end = Math.Clamp(rows.Ends[r] - start, 0, TileKeys);
        int row = (tile * TileRows) + r;
        V scale = L.Create(args.Scale), cap = L.Create(args.SoftCap), one = L.Create(1f), zero = L.Create(0f);
        V lse = L.Create(work.LogSumExp[row]), delta = L.Create(work.Deltas[row]);
        float* weights = work.Weights + (r * TileKeys);
        float* slopes = work.Slopes + (r * TileKeys);
        for (int i = 0; i < TileKeys; i += 16)
        {
            if (i >= end || i + 16 <= begin)
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

            V p = VectorMath.Exp<L, V>(L.Subtract(s, lse)), dp = L.Load(slopes + i), kept = p;
            if (args.DropoutRate != 0f)
            {
                Drop<L, V>(args, work.DropoutKeys[row], start + i, ref kept, ref dp);
            }

            V ds = L.Multiply(L.Multiply(L.Subtract(dp, delta), p), capSlope);
            if (i < begin || i + 16 > end)
            {
                kept = L.KeepRange(kept, begin - i, end - i, 0f);
                ds = L.KeepRange(ds, begin - i, end - i, 0f);
            }

            L.Store(weights + i, kept);
            L.Store(slopes + i, ds);
        }
    }

    /// <summary>Replays the forward pass's dropout: 0 where dropped, else divided by the share that is kept.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Drop<L, V>(in AttentionArgs args, uint rowKey, int key, ref V weight, ref V slope)
        where L : ISixteen<V>
        where V : unmanaged
    {
        uint* columns = stackalloc uint[16];
        for (int i = 0; i < 16; i++)
        {
            columns[i] = rowKey + ((uint)(key + i) * DropoutStream.GoldenRatio);
        }

        V draw = DropoutStream.Draw<L, V>(L.Load((float*)columns)), threshold = L.CreateBits(DropoutStream.Threshold(args.DropoutRate));
        V inverse = L.Create(1f / (1f - args.DropoutRate)), zero = L.Create(0f);
        weight = L.SelectBelow(draw, threshold, zero, L.Multiply(weight, inverse));
        slope = L.SelectBelow(draw, threshold, zero, L.Multiply(slope, inverse));
    }
}
