using System.Diagnostics;
using Heed.Models;
using Heed.Tensors;

namespace Heed.Inference.Drafting;

/// <summary>Reads a token with a draft behind it in one pass, lets the text choose by the logits after each, and goes back to where it chose something else.</summary>
internal sealed class Speculator : IDisposable
{
    // A guess at what a token more costs in a pass, where it may not be measured.
    private const double TokenCost = 0.2;
    private readonly WritingModel _model;
    private readonly TokenHistory _history;
    private readonly TensorScope _scope;
    private readonly IDrafter _drafter;
    private readonly Draft _draft;
    private readonly int[] _read, _chosen;
    private readonly int _exactLength;
    private readonly double _draftCost;
    private DraftCosts _costs;

    /// <param name="options">What drafts.</param>
    /// <param name="model">The model.</param>
    /// <param name="history">What it has read.</param>
    /// <param name="scope">The memory of its passes.</param>
    public Speculator(Speculation options, WritingModel model, TokenHistory history, TensorScope scope)
    {
        (Options, _model, _history, _scope) = (options, model, history, scope);
        _drafter = options.CreateDrafter(model, history);
        _draft = new Draft(options.MaxDraftTokens, model.VocabSize);
        _read = new int[options.MaxDraftTokens + 1];
        _chosen = new int[options.MaxDraftTokens + 1];
        _exactLength = model.Network.Config.StableLength;
        _draftCost = options.DraftCost(model.Network.Config);
        _costs = new DraftCosts(TokenCost, _draftCost, measures: false);
    }

    /// <summary>What drafts.</summary>
    public Speculation Options { get; }

    /// <summary>The tokens of all drafts of the text.</summary>
    public int Drafted { get; private set; }

    /// <summary>Those of them that are in the text.</summary>
    public int Accepted { get; private set; }

    /// <summary>Gets ready for another text.</summary>
    public void Begin(GenerationRow row)
    {
        (Drafted, Accepted) = (0, 0);
        _drafter.Begin(row);
        // Ranks must draft alike, and no two measure the same.
        _costs = new DraftCosts(TokenCost, _draftCost, measures: !_drafter.Samples && _model.Ranks is null);
    }

    /// <summary>Reads the text's last token, and goes on as far as its draft goes.</summary>
    /// <returns>Why the text ends, or null where its last token is to be read.</returns>
    public FinishReason? Step(GenerationRow row, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        int before = _history.Length;
        int most = Math.Min(Math.Min(row.Room, _history.MaxTokens - before), _exactLength - before) - 1;
        _draft.Clear();
        _drafter.Propose(_history.With(row.Token), _draft, Math.Clamp(most, 0, Options.MaxDraftTokens), _costs, row, cancellation);
        long drafted = Stopwatch.GetTimestamp();
        _read[0] = row.Token;
        _draft.Tokens.CopyTo(_read.AsSpan(1));
        ReadOnlySpan<int> tokens = _read.AsSpan(0, _draft.Count + 1);
        using TensorScope.Lease step = _scope.Enter();
        Tensor logits = _model.Forward(tokens, _history.Cache, LogitRows.All, cancellation: cancellation);
        _history.Add(tokens);
        _costs.Add(tokens.Length, Stopwatch.GetElapsedTime(drafted).TotalSeconds, Stopwatch.GetElapsedTime(start, drafted).TotalSeconds);
        FinishReason? reason = Choose(row, logits.AsSpan(), out int chosen, cancellation);
        _history.Truncate(before + chosen);
        _drafter.Learn(_chosen.AsSpan(0, chosen));
        return reason;
    }

    public void Dispose() => _drafter.Dispose();

    /// <summary>Lets the text choose a token after each one that was read, until it chooses another than the draft has, or ends.</summary>
    private FinishReason? Choose(GenerationRow row, ReadOnlySpan<float> logits, out int chosen, CancellationToken cancellation)
    {
        Drafted += _draft.Count;
        int vocabSize = _model.VocabSize;
        for (chosen = 0; ;)
        {
            cancellation.ThrowIfCancellationRequested();
            FinishReason? reason = row.Next(logits.Slice(chosen * vocabSize, vocabSize), _draft.At(chosen), cancellation);
            bool agrees = chosen < _draft.Count && row.Token == _draft.Tokens[chosen];
            if (agrees) Accepted++;
            _chosen[chosen++] = row.Token;
            if (reason is not null || !agrees) return reason;
        }
    }
}
