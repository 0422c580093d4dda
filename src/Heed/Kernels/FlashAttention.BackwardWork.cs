namespace Heed.Kernels;

/// <content>The working memory of the backward pass.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>Packed keys and values of one share of a kv head, packed queries of one head, and one tile of each of P and dS.</summary>
    private readonly struct BackwardWork
    {
        public readonly int KeyPitch;
        public readonly int ValuePitch;

        /// <summary>Per key tile [2, headDim, 32], [2, valueDim, 32] and [KeyPitch / 32, 64, 32].</summary>
        public readonly float* KeyColumns;
        public readonly float* ValueColumns;
        public readonly float* KeyRows;

        /// <summary>Per key tile [64, KeyPitch] and [64, ValuePitch].</summary>
        public readonly float* KeyGradients;
        public readonly float* ValueGradients;

        /// <summary>Per query tile [headDim, 64], [valueDim, 64], [KeyPitch / 32, 64, 32] and [ValuePitch / 32, 64, 32].</summary>
        public readonly float* QueryColumns;
        public readonly float* OutputColumns;
        public readonly float* QueryRowPanels;
        public readonly float* OutputRowPanels;

        /// <summary>Per query tile [64, KeyPitch].</summary>
        public readonly float* QueryGradients;

        /// <summary>Per query: the logsumexp, Σ dO·O, and the dropout key.</summary>
        public readonly float* LogSumExp;
        public readonly float* Deltas;
        public readonly uint* DropoutKeys;

        public readonly QueryRows* Rows;
        public readonly float* RowMemory;

        /// <summary>[64 queries, 64 keys] each: S and then P, dP and then dS, and dSᵀ.</summary>
        public readonly float* Weights;
        public readonly float* Slopes;
        public readonly float* SlopesTransposed;
        public readonly float* Staged;

        public readonly ScoreWork Scoring;

        public BackwardWork(in AttentionArgs args, int shares, float* memory)
        {
            KeyPitch = RoundToPanel(args.HeadDim);
            ValuePitch = RoundToPanel(args.ValueDim);
            long keys = SharedKeys(args, shares), queries = (long)TilesOf(args.Queries) * TileRows;
            KeyColumns = memory;
            ValueColumns = KeyColumns + (keys * args.HeadDim);
            KeyRows = ValueColumns + (keys * args.ValueDim);
            KeyGradients = KeyRows + (keys * KeyPitch);
            ValueGradients = KeyGradients + (keys * KeyPitch);
            QueryColumns = ValueGradients + (keys * ValuePitch);
            OutputColumns = QueryColumns + (queries * args.HeadDim);
            QueryRowPanels = OutputColumns + (queries * args.ValueDim);
            OutputRowPanels = QueryRowPanels + (queries * KeyPitch);
            QueryGradients = OutputRowPanels + (queries * ValuePitch);
            Weights = QueryGradients + (queries * KeyPitch);
            Slopes = Weights + (TileRows * TileKeys);
            SlopesTransposed = Slopes + (TileRows * TileKeys);
            Staged = SlopesTransposed + (TileRows * TileKeys);
            LogSumExp = Staged + (TileRows * Math.Max(KeyPitch, ValuePitch));
            Deltas = LogSumExp + queries;
            DropoutKeys = (uint*)(Deltas + queries);
            RowMemory = (float*)(DropoutKeys + queries);
            Rows = (QueryRows*)(RowMemory + (queries * 2));
            Scoring = new(args, (float*)(Rows + TilesOf(args.Queries)));
            new Span<float>(KeyGradients, checked((int)(keys * (KeyPitch + ValuePitch)))).Clear();
        }

        public static long Bytes(in AttentionArgs args, int shares)
        {
            long key = RoundToPanel(args.HeadDim), value = RoundToPanel(args.ValueDim);
            long keys = SharedKeys(args, shares), queries = (long)TilesOf(args.Queries) * TileRows;
            long floats = (keys * ((3 * key) + (2 * value))) + (queries * ((3 * key) + (2 * value) + 5))
                + (TileRows * ((3 * TileKeys) + Math.Max(key, value))) + ScoreWork.Floats(args, forward: false);
            return (floats * sizeof(float)) + ((long)TilesOf(args.Queries) * sizeof(QueryRows));
        }

        private static long SharedKeys(in AttentionArgs args, int shares) => (long)((TilesOf(args.KeyCapacity) + shares - 1) / shares) * TileKeys;
    }
}
