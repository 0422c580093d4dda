namespace Heed.Kernels;

/// <content>How the backward pass is cut, whatever the number of threads.</content>
internal static unsafe partial class FlashAttention
{
    // With fewer parts than this the key tiles are dealt out to several; a fixed number, so that the threads do not matter to
    // the order of sums.
    private const int MinBackwardParts = 8;

    /// <summary>
    /// The parts of a backward pass, and in which order they run: those that add to the same elements of a bias's gradient follow
    /// one another in one unit; units run side by side.
    /// </summary>
    internal readonly struct BackwardPlan
    {
        private readonly int _batchRuns;
        private readonly int _headRuns;
        private readonly int _kvHeads;

        public readonly int Units;

        /// <summary>How many parts a unit has.</summary>
        public readonly int Runs;

        /// <summary>The parts into which each kv head's key tiles are dealt.</summary>
        public readonly int Shares;

        public BackwardPlan(in AttentionGradientArgs args)
        {
            AttentionArgs forward = args.Forward;
            _kvHeads = forward.KvHeads;
            _batchRuns = args.BiasGradient != null && forward.Modifiers.BiasBatchStride == 0 ? Math.Max(1, forward.Batch) : 1;
            _headRuns = args.BiasGradient != null && forward.Modifiers.BiasHeadStride == 0 ? _kvHeads : 1;
            Runs = _batchRuns * _headRuns;
            int whole = checked(forward.Batch * _kvHeads) / Runs;
            Shares = whole is 0 or >= MinBackwardParts
                ? 1
                : Math.Clamp((MinBackwardParts + whole - 1) / whole, 1, Math.Max(1, TilesOf(forward.KeyCapacity)));
            Units = checked(whole * Shares);
        }

        /// <summary>One part; <paramref name="memory"/> holds PartialFloats.</summary>
        public BackwardPart Part(in AttentionGradientArgs args, int unit, int run, float* memory)
        {
            int place = unit / Shares, headUnits = _kvHeads / _headRuns;
            int batch = (place / headUnits * _batchRuns) + (run / _headRuns), kvHead = (place % headUnits * _headRuns) + (run % _headRuns);
            return new(args, batch, kvHead, unit % Shares, Shares, memory);
        }

        /// <summary>Floats of all shares' parts: of the queries' gradient where there are several, and of that of the biases by distance.</summary>
        public long PartialFloats(in AttentionGradientArgs args)
            => (Shares == 1 ? 0 : Shares * QueryPartial(args.Forward)) + (args.DistanceGradient == null ? 0 : (long)args.Forward.Batch * Shares * args.Forward.Heads * DistancePitch(args.Forward));
    }

    /// <summary>Floats of one share's part of the queries' gradient, [batch, heads, queries, headDim].</summary>
    private static long QueryPartial(in AttentionArgs args) => (long)args.Batch * args.Heads * args.Queries * args.HeadDim;

    /// <summary>Floats of one head's biases by distance, with room for a tile that reaches beyond the last key.</summary>
    private static long DistancePitch(in AttentionArgs args) => (long)args.Queries + args.KeyCapacity - 1 + TileKeys;

    /// <summary>The key tiles share, share + shares, … of one kv head.</summary>
    internal readonly struct BackwardPart
    {
        public readonly int Batch;
        public readonly int KvHead;
        public readonly int Share;
        public readonly int Shares;

        /// <summary>Null, or this share's part of all queries' gradient, [batch, heads, queries, headDim].</summary>
        public readonly float* Partial;

        /// <summary>Null, or this batch row's and share's part of the gradient by distance, [heads, DistancePitch].</summary>
        public readonly float* Distances;

        public BackwardPart(in AttentionGradientArgs args, int batch, int kvHead, int share, int shares, float* memory)
        {
            Batch = batch;
            KvHead = kvHead;
            Share = share;
            Shares = shares;
            long queries = QueryPartial(args.Forward);
            Partial = shares == 1 ? null : memory + (share * queries);
            long row = args.Forward.Heads * DistancePitch(args.Forward);
            Distances = args.DistanceGradient == null ? null : memory + (shares == 1 ? 0 : shares * queries) + (((batch * (long)shares) + share) * row);
        }

        /// <summary>Where the gradient of one query of this part goes.</summary>
        public float* Target(in AttentionGradientArgs args, int head, int query) => Partial == null
            ? QueryGradient(args, Batch, head, query)
            : Partial + (((((long)Batch * args.Forward.Heads) + head) * args.Forward.Queries) + query) * args.Forward.HeadDim;

        /// <summary>Clears what this part's heads add to.</summary>
        public void ClearDistances(in AttentionArgs args)
        {
            if (Distances != null)
            {
                int group = args.Heads / args.KvHeads;
                long pitch = DistancePitch(args);
                new Span<float>(Distances + (KvHead * group * pitch), checked((int)(group * pitch))).Clear();
            }
        }
    }
}
