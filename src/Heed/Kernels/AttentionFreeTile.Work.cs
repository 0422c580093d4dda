namespace Heed.Kernels;

/// <content>Where everything lies.</content>
internal static unsafe partial class AttentionFreeTile
{
    /// <summary>Keys, values, and the stripe of positions that is being worked on.</summary>
    internal readonly struct Work
    {
        private readonly float* _keyWeights, _weightedValues, _keyMax, _biasMax;

        public Work(in AttentionFreeShape shape, float* k, float* v, Scratch scratch)
        {
            Shape = shape;
            K = k;
            V = v;
            long features = (long)shape.Batch * shape.Seq * Width;
            float* memory = (float*)scratch.Memory.Pointer;
            _keyWeights = memory;
            _weightedValues = memory + features;
            _keyMax = _weightedValues + features;
            _biasMax = _keyMax + ((long)shape.Batch * Blocks * Width);
            Biases = _biasMax + ((long)Block * Blocks);
            BiasWeights = Biases + ((long)Block * shape.Seq);
        }

        /// <summary>The floats that a <see cref="Work"/> lays out.</summary>
        public static long Floats(in AttentionFreeShape shape)
        {
            long width = shape.Groups * 16L, blocks = (shape.Seq + Block - 1) / Block;
            return (2 * shape.Batch * shape.Seq * width) + (shape.Batch * blocks * width) + (Block * blocks) + (2L * Block * shape.Seq);
        }

        public AttentionFreeShape Shape { get; }

        public float* K { get; }

        public float* V { get; }

        /// <summary>w of the stripe, [Rows, Columns].</summary>
        public float* Biases { get; }

        /// <summary>e^(w − c), [Rows, Columns].</summary>
        public float* BiasWeights { get; }

        /// <summary>The stripe's first position.</summary>
        public int First { get; private init; }

        /// <summary>The first position of all that is asked for.</summary>
        public int Begin { get; init; }

        /// <summary>Whole tiles of the stripe that lie before <see cref="Begin"/>.</summary>
        public int Skipped => Math.Max(0, Begin - First) / 4 * 4;

        /// <summary>The stripe's positions.</summary>
        public int Rows => Math.Min(Block, Shape.Seq - First);

        /// <summary>The keys that any of them sees.</summary>
        public int Columns => Shape.Causal ? First + Rows : Shape.Seq;

        /// <summary>Features with those that fill the last group up.</summary>
        public int Width => Shape.Groups * 16;

        public int Blocks => (Shape.Seq + Block - 1) / Block;

        /// <summary>The same for another stripe.</summary>
        public Work At(int first) => this with { First = first };

        /// <summary>Whether the stripe's positions see different parts of a block.</summary>
        public bool IsDiagonal(int block) => Shape.Causal && block * Block == First;

        public float* Key(int row, int t, int group) => K + (((long)row * Shape.Seq + t) * Shape.Dim) + (group * 16);

        /// <summary>e^(k − m), rows of <see cref="Width"/>.</summary>
        public float* KeyWeights(int row, int t, int group) => _keyWeights + (((long)row * Shape.Seq + t) * Width) + (group * 16);

        /// <summary>e^(k − m)·v, rows of <see cref="Width"/>.</summary>
        public float* WeightedValues(int row, int t, int group) => _weightedValues + (((long)row * Shape.Seq + t) * Width) + (group * 16);

        /// <summary>m of a block.</summary>
        public float* KeyMax(int row, int block, int group) => _keyMax + (((long)row * Blocks + block) * Width) + (group * 16);

        /// <summary>c of each block, for one of the stripe's positions.</summary>
        public float* BiasMax(int row) => _biasMax + ((long)row * Blocks);
    }

    /// <summary>Memory for the time of a call: as many floats as keys and values have, and a stripe of biases.</summary>
    internal sealed class Scratch(WorkerPool pool, AttentionFreeShape shape) : IDisposable
    {
        public NativeBuffer Memory { get; } = pool.Scratch.Rent(Work.Floats(shape) * sizeof(float));

        /// <summary>The stripe's biases.</summary>
        public Span<float> Stripe(int columns) => Memory.AsSpan<float>((Work.Floats(shape) - (2L * Block * shape.Seq)) * sizeof(float), Block * columns);

        public void Dispose() => pool.Scratch.Return(Memory);
    }
}
