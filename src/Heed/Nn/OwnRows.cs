using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>Rows of tokens that attend to one another and to nothing stored: those of a training step or an evaluation.</summary>
internal sealed class OwnRows
{
    /// <summary>Rows that see what is before them, in their document if there are several.</summary>
    /// <param name="batch">The number of rows.</param>
    /// <param name="positions">Where each token stands; −1 is padding, before or after a row's tokens.</param>
    /// <param name="firstKeys">For each token the column of the first one that it sees; empty for the row's first.</param>
    /// <param name="dropout">The rate of dropout.</param>
    /// <param name="seed">Which of them fall to dropout; null outside of training.</param>
    /// <exception cref="ArgumentException">Padding lies between tokens, or a first key is out of range.</exception>
    public OwnRows(int batch, int[] positions, ReadOnlySpan<int> firstKeys, float dropout, ulong? seed)
    {
        Positions = positions;
        Dropout = seed is null ? 0 : dropout;
        Seed = seed;
        Limits = new int[positions.Length];
        int seq = positions.Length / batch;
        bool cut = !firstKeys.IsEmpty;
        int[] firsts = new int[positions.Length];
        for (int row = 0; row < batch; row++)
        {
            int start = 0, end = seq;
            while (start < seq && positions[row * seq + start] < 0) start++;
            while (end > start && positions[row * seq + end - 1] < 0) end--;
            cut |= start > 0;
            for (int i = 0; i < seq; i++)
            {
                int r = row * seq + i;
                Limits[r] = positions[r] < 0 ? -1 : i;
                Length = Math.Max(Length, positions[r] + 1);
                if (positions[r] < 0 && i > start && i < end)
                    throw new ArgumentException($"Loss: position {i} of row {row} is padding between tokens; expected padding before or after them.", nameof(positions));
                firsts[r] = Math.Max(start, firstKeys.IsEmpty ? 0 : firstKeys[r]);
                if (positions[r] >= 0 && firsts[r] > i)
                    throw new ArgumentException($"Loss: token {i} of row {row} has the first key {firsts[r]}; expected 0 to {i}.", nameof(firstKeys));
            }
        }
        FirstKeys = cut ? firsts : [];
    }

    /// <summary>Where each token stands; −1 is padding.</summary>
    public int[] Positions { get; }

    /// <summary>The last column that each token sees; −1 for none.</summary>
    public int[] Limits { get; }

    /// <summary>The first column that each token sees; empty for 0.</summary>
    public int[] FirstKeys { get; }

    /// <summary>The greatest position and 1.</summary>
    public int Length { get; }

    /// <summary>The rate of dropout; 0 outside of training.</summary>
    public float Dropout { get; }

    /// <summary>Whether this is a step of training.</summary>
    public bool IsTraining => Seed is not null;

    /// <summary>Is shown the attention of each layer, by its number, and may ask it for weights until it returns; or null.</summary>
    public Action<int, AttentionResult>? Observer { get; init; }

    private ulong? Seed { get; }

    /// <summary>The seed of one of the places of dropout in one of the layers.</summary>
    public ulong SeedOf(int layer, DropoutPlace place) => SplitMix.Mix((Seed ?? 0) + (8 * (ulong)(layer + 1) + (ulong)place) * SplitMix.Step);

    /// <summary>The seed for what adapters drop, which have a rate of their own; null outside of training.</summary>
    public ulong? AdapterSeed(int layer, DropoutPlace place) => Seed is null ? null : SeedOf(layer, place);

    /// <summary>x after dropout at a place.</summary>
    public Tensor Drop(Tensor x, int layer, DropoutPlace place) => Dropout == 0 ? x : Ops.Dropout(x, Dropout, SeedOf(layer, place));
}
