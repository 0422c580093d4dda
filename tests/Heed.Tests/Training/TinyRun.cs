using Heed.Models;
using Heed.Nn;
using Heed.Tensors;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Tests.Training;

/// <summary>Models and batches that are small enough to train in a test.</summary>
internal static class TinyRun
{
    public static readonly ModelConfig Config = new()
    {
        HiddenSize = 16,
        IntermediateSize = 24,
        NumLayers = 2,
        NumHeads = 2,
        NumKvHeads = 1,
        VocabSize = 13,
        MaxSeqLen = 16,
    };

    public static readonly TrainingOptions Options = new()
    {
        Steps = 6,
        LearningRate = 1e-2,
        Schedule = ScheduleKind.Constant,
        ValidateEvery = 0,
        CheckpointEvery = 0,
        CheckpointEverySeconds = null,
    };

    public static Transformer Model(ModelConfig? config = null, int seed = 7, Device? device = null)
    {
        config ??= Config;
        return new Transformer(config, new RandomWeights(seed, config.NumLayers, device));
    }

    public static float[] Weights(IEnumerable<Parameter> parameters) => [.. parameters.SelectMany(parameter => parameter.Value.ToArray())];

    public static async Task<List<TrainingStep>> RunAsync(Trainer trainer, CancellationToken cancellation = default)
    {
        List<TrainingStep> steps = [];
        await foreach (TrainingStep step in trainer.RunAsync(cancellation)) steps.Add(step);
        return steps;
    }

    /// <summary>Rows of random tokens, some targets of which do not count.</summary>
    public sealed class Batches(int rows, int seqLen = 8, int seed = 1, Action<long>? seen = null) : IBatchSource
    {
        public int BatchSize => rows;

        public int SeqLen => seqLen;

        public int VocabSize => Config.VocabSize;

        public long RowsPerEpoch => 1000;

        public string Recipe => $"{nameof(Batches)}, seed {seed}";

        public TrainingBatch Next(long step)
        {
            seen?.Invoke(step);
            TrainingBatch batch = new(rows, seqLen);
            for (int row = 0; row < rows; row++)
            {
                // A row hangs on its number alone: large batches hold the rows of small ones.
                long number = step * rows + row;
                Random random = new(seed * 7919 + (int)number);
                for (int i = 0; i < seqLen; i++)
                {
                    int at = row * seqLen + i;
                    batch.Tokens[at] = random.Next(VocabSize);
                    batch.Positions[at] = i;
                    batch.FirstKeys[at] = 0;
                    if (random.Next(4) > 0 && number % 3 != 1) batch.Targets[at] = random.Next(VocabSize);
                }
            }
            return batch;
        }
    }

    /// <summary>The same few tokens again and again.</summary>
    public sealed class OneText(params int[] text) : IBatchSource
    {
        public int BatchSize => 1;

        public int SeqLen => text.Length - 1;

        public int VocabSize => Config.VocabSize;

        public long RowsPerEpoch => 1;

        public TrainingBatch Next(long step)
        {
            TrainingBatch batch = new(1, SeqLen);
            for (int i = 0; i < SeqLen; i++)
            {
                batch.Tokens[i] = text[i];
                batch.Targets[i] = text[i + 1];
                batch.Positions[i] = i;
                batch.FirstKeys[i] = 0;
            }
            return batch;
        }
    }
}
