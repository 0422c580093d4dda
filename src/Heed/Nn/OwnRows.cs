using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <summary>Rows of tokens that attend to one another and to nothing stored: those of a training step or an evaluation.</summary>
internal sealed class OwnRows
{
    private readonly bool _bothWays;
    private readonly Dictionary<AttentionMask, CompiledMask> _sights = [];
    private (int Window, int[] Limits, int[] Firsts)? _centered;
    private (int Tokens, GlobalRows Rows)? _globals;

    /// <summary>Rows that see what is before them, in their document if there are several.</summary>
    /// <param name="batch">The number of rows.</param>
    /// <param name="positions">Where each token stands; −1 is padding, before or after a row's tokens.</param>
    /// <param name="firstKeys">For each token the column of the first one that it sees; empty for the row's first.</param>
    /// <param name="dropout">The rate of dropout.</param>
    /// <param name="seed">Which of them fall to dropout; null outside of training.</param>
    /// <param name="bothWays">Whether they also see what is after them.</param>
    /// <exception cref="ArgumentException">Padding lies between tokens, a first key is out of range, or those of tokens that see both ways cut no documents.</exception>
    public OwnRows(int batch, int[] positions, ReadOnlySpan<int> firstKeys, float dropout, ulong? seed, bool bothWays = false)
    {
        _bothWays = bothWays;
        Positions = positions;
        Dropout = seed is null ? 0 : dropout;
        Seed = seed;
        Limits = new int[positions.Length];
        int seq = positions.Length / batch;
        Seq = seq;
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
            if (bothWays) SeeOnwards(row, firsts, start, end);
        }
        FirstKeys = cut ? firsts : [];
    }

    /// <summary>The tokens of a row.</summary>
    public int Seq { get; }

    /// <summary>Where each token stands; −1 is padding.</summary>
    public int[] Positions { get; }

    /// <summary>The last column that each token sees; −1 for none.</summary>
    public int[] Limits { get; }

    /// <summary>The first column that each token sees; empty for 0.</summary>
    public int[] FirstKeys { get; }

    /// <summary>The rows cut into their documents.</summary>
    public RowDocuments Documents => field ??= new RowDocuments(this);

    /// <summary>The greatest position and 1.</summary>
    public int Length { get; }

    /// <summary>The rate of dropout; 0 outside of training.</summary>
    public float Dropout { get; }

    /// <summary>Whether this is a step of training.</summary>
    public bool IsTraining => Seed is not null;

    /// <summary>The number of the first row in the batch that these rows are cut from: what falls to dropout is counted there.</summary>
    public int FirstRow { get; init; }

    /// <summary>The first of the heads that this rank has and the number of all, for dropout; null where a layer has all of its own.</summary>
    public (int First, int All)? Heads { get; init; }

    /// <summary>Is shown the attention of each layer, by its number, and may ask it for weights until it returns; or null.</summary>
    public Action<int, AttentionResult>? Observer { get; init; }

    private ulong? Seed { get; }

    /// <summary>The last and the first columns that each token sees under a layer's options, and what of these is left to attention itself.</summary>
    public (int[] Limits, int[] Firsts, AttentionOptions Options) Sight(in AttentionOptions options)
    {
        if (!_bothWays || options.Window == 0) return (Limits, FirstKeys, options);
        if (_centered is not { } known || known.Window != options.Window) _centered = known = Centered(options.Window);
        return (known.Limits, known.Firsts, options with { Window = 0 });
    }

    /// <summary>What each token sees under a pattern that holds for each document.</summary>
    /// <exception cref="ArgumentException">A token's first key is not where its document begins.</exception>
    public CompiledMask Sight(AttentionMask pattern)
    {
        if (_sights.TryGetValue(pattern, out CompiledMask? known)) return known;
        int batch = Positions.Length / Seq;
        bool alike = true;
        for (int r = 0; r < Positions.Length; r++)
        {
            int first = FirstKeys.Length == 0 ? 0 : FirstKeys[r], start = r - r % Seq + first;
            if (Limits[r] >= 0 && FirstKeys.Length > 0 && FirstKeys[start] != first)
                throw new ArgumentException($"Loss: token {r % Seq} of row {r / Seq} has the first key {first}, and that one {FirstKeys[start]}; an attention pattern takes whole documents.", nameof(pattern));
            alike &= Limits[r] == Limits[r % Seq] && (FirstKeys.Length == 0 || FirstKeys[r] == FirstKeys[r % Seq]);
        }
        return _sights[pattern] = new SequencesMask(pattern, Limits, FirstKeys, alike ? 1 : batch).Compile(batch, 1, Seq, Seq);
    }

    /// <summary>The first so many tokens of each document.</summary>
    public GlobalRows Globals(int tokens)
    {
        if (_globals is not { } known || known.Tokens != tokens) _globals = known = (tokens, new GlobalRows(this, tokens, _bothWays));
        return known.Rows;
    }

    /// <summary>The seed of one of the places of dropout in one of the layers, counted from the batch's first row.</summary>
    public ulong SeedOf(int layer, DropoutPlace place) => SplitMix.Mix((Seed ?? 0) + (8 * (ulong)(layer + 1) + (ulong)place) * SplitMix.Step);

    /// <summary>The seed for what adapters drop, which have a rate of their own; null outside of training.</summary>
    public ulong? AdapterSeed(int layer, DropoutPlace place) => Seed is null ? null : TokenSeed(layer, place);

    /// <summary>x after dropout at a place.</summary>
    public Tensor Drop(Tensor x, int layer, DropoutPlace place) => Dropout == 0 ? x : Ops.Dropout(x, Dropout, TokenSeed(layer, place));

    /// <summary>What falls to dropout of attention's probabilities.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="heads">This rank's heads.</param>
    /// <param name="queries">The queries of a row.</param>
    /// <param name="stream">Another number for another attention of the layer.</param>
    public AttentionDropout DropProbabilities(int layer, int heads, int queries, ulong stream = 0)
    {
        (int first, int all) = Heads ?? (0, heads);
        return new AttentionDropout(Dropout, DropoutStream.From(SeedOf(layer, DropoutPlace.Probabilities) + stream, ((long)FirstRow * all + first) * queries), all);
    }

    private ulong TokenSeed(int layer, DropoutPlace place) => DropoutStream.From(SeedOf(layer, place), (long)FirstRow * Seq);

    /// <summary>Moves the limits of a row's tokens to the ends of their documents: runs of tokens with the same first key.</summary>
    private void SeeOnwards(int row, ReadOnlySpan<int> firstKeys, int start, int end)
    {
        int at = row * Seq;
        for (int i = end - 1; i >= start; i--)
        {
            int r = at + i;
            if (firstKeys[r] != i && firstKeys[r - 1] != firstKeys[r])
                throw new ArgumentException($"Loss: token {i} of row {row} has the first key {firstKeys[r]}, the token before it {firstKeys[r - 1]}; tokens that see both ways need the same first key in all of a document.", nameof(firstKeys));
            if (i < end - 1 && firstKeys[r + 1] == firstKeys[r]) Limits[r] = Limits[r + 1];
        }
    }

    /// <summary>At most <paramref name="window"/> columns to either side.</summary>
    private (int Window, int[] Limits, int[] Firsts) Centered(int window)
    {
        int[] limits = [.. Limits], firsts = new int[limits.Length];
        for (int r = 0; r < limits.Length; r++)
        {
            limits[r] = (int)Math.Min(limits[r], (long)(r % Seq) + window);
            firsts[r] = Math.Max(FirstKeys.Length == 0 ? 0 : FirstKeys[r], r % Seq - window);
        }
        return (window, limits, firsts);
    }
}
