using System.Globalization;
using Heed.Distributed;
using Heed.Models;
using Heed.Models.Sharding;
using Heed.Nn;
using Heed.Tensors;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Ranks;

/// <summary>Models that ranks share against whole ones that each rank has besides: logits, and parameters after some steps of training.</summary>
internal static class Models
{
    private const int Steps = 10, Rows = 4, RowLength = 12;
    private const double Rounding = 1e-5;

    // Fewer key/value heads than four ranks, and a vocabulary that nothing divides.
    private static readonly ModelConfig s_config = new()
    {
        HiddenSize = 32,
        NumLayers = 2,
        NumHeads = 8,
        NumKvHeads = 2,
        IntermediateSize = 64,
        VocabSize = 61,
        MaxSeqLen = 32,
        QkNorm = true,
    };

    /// <summary>Logits of prompts and of tokens after them.</summary>
    public static int Logits(ICommunicator ranks)
    {
        foreach (bool tied in (bool[])[false, true])
        {
            ModelConfig config = s_config with { TieEmbeddings = tied };
            Transformer whole = new(config, Weights()), share = TensorParallel.Build(config, Weights(), ranks);
            using KvCache a = whole.CreateCache(2), b = share.CreateCache(2);
            for (int step = 0; step < 6; step++)
            {
                int[] tokens = step == 0 ? [1, 2, 3, 4, 5, 6, 7, 8, 60, 10] : [step, 40 + step];
                Compare(ranks, "logits", share.Forward(tokens, b, batch: 2).ToArray(), whole.Forward(tokens, a, batch: 2).ToArray());
            }
        }
        return 0;
    }

    /// <summary>Losses and parameters after ten steps, in grids of so many tensor ranks.</summary>
    public static int Training(ICommunicator world, int tensorParallel)
    {
        TrainingOptions options = new() { Steps = Steps, WarmupSteps = 2, LearningRate = 1e-3, ValidateEvery = 0 };
        ModelConfig config = s_config with { Dropout = 0.1f };
        Transformer whole = new(config, Weights());
        double[] expected = Run(new Trainer(whole, new Batches(), options));
        ProcessGrid grid = new(world, tensorParallel);
        foreach (bool sharded in (bool[])[false, true])
        {
            Transformer share = TensorParallel.Build(config, Weights(), grid.Tensor);
            Compare(world, "losses", Run(new Trainer(share, new Batches(), options with { ShardOptimizer = sharded }, grid: grid) { WholeModel = config }), expected);
            for (int i = 0; i < share.Parameters.Count; i++)
            {
                Parameter part = share.Parameters[i];
                Tensor? all = part.Shard is { } place ? ShardedParameters.Gather(part.Value, place) : part.Value;
                if (all is not null) Compare(world, part.Name, all.ToArray(), whole.Parameters[i].Value.ToArray());
            }
        }
        return 0;
    }

    private static RandomWeights Weights() => new(seed: 3, s_config.NumLayers);

    private static double[] Run(Trainer trainer) => [.. trainer.RunAsync().ToBlockingEnumerable().Select(step => step.Loss)];

    private static void Compare<T>(ICommunicator ranks, string what, T[] got, T[] expected)
        where T : IConvertible
    {
        if (got.Length != expected.Length) throw new InvalidOperationException($"{what}: rank {ranks.Rank} has {got.Length} numbers; expected {expected.Length}.");
        double scale = Math.Max(1, expected.Max(value => Math.Abs(value.ToDouble(CultureInfo.InvariantCulture))));
        for (int i = 0; i < got.Length; i++)
        {
            double error = Math.Abs(got[i].ToDouble(CultureInfo.InvariantCulture) - expected[i].ToDouble(CultureInfo.InvariantCulture)) / scale;
            if (!(error <= Rounding)) throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{what}[{i}] on rank {ranks.Rank} is {got[i]}; expected {expected[i]}."));
        }
    }

    private sealed class Batches : IBatchSource
    {
        public int BatchSize => Rows;

        public int SeqLen => RowLength;

        public int VocabSize => s_config.VocabSize;

        public long RowsPerEpoch => 1000;

        public TrainingBatch Next(long step)
        {
            TrainingBatch batch = new(Rows, RowLength);
            Random random = new((int)step);
            for (int i = 0; i < batch.Tokens.Length; i++)
            {
                batch.Tokens[i] = random.Next(VocabSize);
                batch.Targets[i] = random.Next(VocabSize);
                batch.Positions[i] = i % RowLength;
                batch.FirstKeys[i] = 0;
            }
            return batch;
        }
    }
}
