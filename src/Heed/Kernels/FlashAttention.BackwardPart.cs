namespace Heed.Kernels;

/// <content>What one part of the backward pass computes.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>The key tiles share, share + shares, … of one kv head.</summary>
    internal readonly struct BackwardPart
    {
        public readonly int Batch;
        public readonly int KvHead;
        public readonly int Share;
        public readonly int Shares;

        /// <summary>Null, or this share's part of all queries' gradient, [batch, heads, queries, headDim].</summary>
        public readonly float* Partial;

        public BackwardPart(in AttentionArgs args, int part, int shares, float* partials)
        {
            Batch = part / shares / args.KvHeads;
            KvHead = part / shares % args.KvHeads;
            Share = part % shares;
            Shares = shares;
            Partial = shares == 1 ? null : partials + (Share * PartialFloats(args));
        }

        /// <summary>Where the gradient of one query of this part goes.</summary>
        public float* Target(in AttentionGradientArgs args, int head, int query) => Partial == null
            ? QueryGradient(args, Batch, head, query)
            : Partial + (((((long)Batch * args.Forward.Heads) + head) * args.Forward.Queries) + query) * args.Forward.HeadDim;
    }
}
