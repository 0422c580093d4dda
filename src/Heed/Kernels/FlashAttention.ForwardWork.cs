namespace Heed.Kernels;

/// <content>The working memory of the forward pass.</content>
internal static unsafe partial class FlashAttention
{
    /// <summary>Packed keys and values of one kv head, and one tile of queries.</summary>
    private readonly struct ForwardWork
    {
        /// <summary>Floats per staged key, and per value or accumulator: whole panels.</summary>
        public readonly int KeyPitch;
        public readonly int ValuePitch;

        public readonly float* Keys;
        public readonly float* Values;

        /// <summary>[2, headDim, 32].</summary>
        public readonly float* Queries;

        /// <summary>[64 keys, 64 queries]: scores, then weights.</summary>
        public readonly float* Scores;

        /// <summary>[64 queries, ValuePitch].</summary>
        public readonly float* Accumulators;
        public readonly float* Staged;
        public readonly float* RowMemory;

        /// <summary>[64] each: running maximum and sum, the last rescaling, and the dropout keys.</summary>
        public readonly float* Maxima;
        public readonly float* Sums;
        public readonly float* Factors;
        public readonly uint* DropoutKeys;

        public readonly ScoreWork Scoring;

        public ForwardWork(in AttentionArgs args, float* memory)
        {
            KeyPitch = RoundToPanel(args.HeadDim);
            ValuePitch = RoundToPanel(args.ValueDim);
            long capacity = (long)TilesOf(args.KeyCapacity) * TileKeys;
            Keys = memory;
            Values = Keys + (capacity * args.HeadDim);
            Accumulators = Values + (capacity * ValuePitch);
            Scores = Accumulators + (TileRows * ValuePitch);
            Staged = Scores + (TileRows * TileKeys);
            Queries = Staged + (TileRows * Math.Max(KeyPitch, ValuePitch));
            RowMemory = Queries + (TileRows * args.HeadDim);
            Maxima = RowMemory + QueryRows.Floats;
            Sums = Maxima + TileRows;
            Factors = Sums + TileRows;
            DropoutKeys = (uint*)(Factors + TileRows);
            Scoring = new(args, Factors + (2 * TileRows));
        }

        public static long Bytes(in AttentionArgs args)
        {
            long pitch = RoundToPanel(args.HeadDim) + (long)RoundToPanel(args.ValueDim);
            long capacity = (long)TilesOf(args.KeyCapacity) * TileKeys;
            long floats = (capacity * pitch) + (TileRows * ((3 * pitch) + TileKeys + 4)) + QueryRows.Floats + ScoreWork.Floats(args, forward: true);
            return floats * sizeof(float);
        }

        /// <summary>Nothing gathered yet.</summary>
        public void Begin(in AttentionArgs args, int batch, int head, in QueryRows rows)
        {
            new Span<float>(Accumulators, TileRows * ValuePitch).Clear();
            new Span<float>(Sums, TileRows).Clear();
            new Span<float>(Maxima, TileRows).Fill(float.NegativeInfinity);
            if (args.DropoutRate == 0f)
            {
                return;
            }

            ulong row = args.DropoutRow(batch, head, rows.Query);
            for (int r = 0; r < TileRows; r++)
            {
                DropoutKeys[r] = DropoutStream.RowKey(args.DropoutSeed, row + (ulong)r);
            }
        }
    }
}
