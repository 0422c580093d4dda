using System.Numerics.Tensors;

namespace Heed.Inference.Drafting;

/// <summary>
/// Guesses by a network's logits, by the text's own steps from logits to a token, so that penalties and grammar see the draft as they would
/// see the text. A draft ends where another token would cost more than it promises.
/// </summary>
internal abstract class NetworkDrafter(Speculation options, WritingModel model) : IDrafter
{
    // A draft must promise this much more than its passes cost: choosing its tokens costs something, too.
    private const double LeastGain = 1.1;
    private const int FirstGap = 4, LongestGap = 128;
    private readonly float[] _softmax = new float[model.VocabSize];
    private readonly int[] _drafted = new int[options.MaxDraftTokens], _degrees = new int[options.MaxDraftTokens];
    private AcceptanceOdds _odds = new(SureGuesses()), _all = new([0.5]);
    private int _count, _gap, _untilProbe;

    /// <inheritdoc/>
    public bool Samples { get; private set; }

    /// <summary>The model's logits for the next place, or the draft's.</summary>
    private protected float[] Logits { get; } = new float[model.VocabSize];

    /// <summary>Whether a draft after a long time without any first has to read what was written meanwhile.</summary>
    private protected abstract bool FallsBehind { get; }

    /// <inheritdoc/>
    public void Begin(GenerationRow row)
    {
        Samples = !row.Sampler.IsDeterministic;
        (_odds, _all) = (new AcceptanceOdds(SureGuesses()), new AcceptanceOdds([0.5]));
        (_count, _gap, _untilProbe) = (0, FirstGap, FirstGap);
    }

    /// <inheritdoc/>
    public void Propose(ReadOnlySpan<int> text, Draft draft, int most, DraftCosts costs, GenerationRow row, CancellationToken cancellation)
    {
        _count = 0;
        most = Math.Min(most, RoomAfter(text.Length));
        if (!options.AlwaysDrafts && !Pays(1, 0, 1, costs))
        {
            // Times change: now and then a single token shows whether drafts pay again.
            if (_untilProbe-- > 0 || FallsBehind && _gap > LongestGap) return;
            _gap = Math.Min(2 * _gap, 2 * LongestGap);
            _untilProbe = _gap;
            most = Math.Min(most, 1);
        }
        else
        {
            (_gap, _untilProbe) = (FirstGap, FirstGap);
        }
        if (most == 0) return;
        try
        {
            Draw(text, draft, most, costs, row, cancellation);
        }
        finally
        {
            row.Withdraw();
            Forget();
        }
        _count = draft.Count;
        draft.Tokens.CopyTo(_drafted);
    }

    /// <inheritdoc/>
    public void Learn(ReadOnlySpan<int> chosen)
    {
        for (int i = 0; i < Math.Min(chosen.Length, _count); i++)
        {
            bool same = chosen[i] == _drafted[i];
            _odds.Add(_degrees[i], same);
            _all.Add(0, same);
            if (!same) return;
        }
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>How long a draft may be after so many tokens.</summary>
    private protected abstract int RoomAfter(int length);

    /// <summary>Sets <see cref="Logits"/> to what follows a text and the draft so far.</summary>
    private protected abstract void Read(ReadOnlySpan<int> text, ReadOnlySpan<int> drafted, CancellationToken cancellation);

    /// <summary>Forgets what of the draft must not be remembered.</summary>
    private protected abstract void Forget();

    // Whether a token counts must not go by what it is, but only by what came before it: its place would have another distribution otherwise.
    private void Draw(ReadOnlySpan<int> text, Draft draft, int most, DraftCosts costs, GenerationRow row, CancellationToken cancellation)
    {
        double alive = 1, tokens = 1;
        while (draft.Count < most && (draft.Count == 0 || options.AlwaysDrafts || Pays(tokens, draft.Count, alive, costs)))
        {
            cancellation.ThrowIfCancellationRequested();
            Read(text, draft.Tokens, cancellation);
            int token = row.Propose(Logits, Samples ? draft.NextProbabilities() : default, cancellation);
            if (token < 0) return;
            _degrees[draft.Count] = Sureness(token);
            alive *= _odds[_degrees[draft.Count]];
            tokens += alive;
            if (Samples) draft.AddSampled(token);
            else draft.Add(token);
            if (row.IsEnd(token)) return;
        }
    }

    /// <summary>Whether one token more makes a draft of <paramref name="count"/> better: tokens for the time.</summary>
    private bool Pays(double tokens, int count, double alive, DraftCosts costs)
    {
        double each = costs.Draft + costs.Token, time = 1 + (count * each);
        return (tokens + (alive * _all[0])) * time > tokens * (time + each) * (count == 0 ? LeastGain : 1);
    }

    /// <summary>The network's own probability of a token, in eighths.</summary>
    private int Sureness(int token)
    {
        TensorPrimitives.Subtract(Logits, TensorPrimitives.Max<float>(Logits), _softmax);
        TensorPrimitives.Exp(_softmax, _softmax);
        return (int)(8 * _softmax[token] / TensorPrimitives.Sum<float>(_softmax));
    }

    private static double[] SureGuesses() => [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
}
