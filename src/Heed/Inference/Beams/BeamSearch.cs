using System.Diagnostics;
using Heed.Inference.Grammars;
using Heed.Models;
using Heed.Nn;
using Heed.Tensors;

namespace Heed.Inference.Beams;

/// <summary>
/// The loop of a beam search: the prompt is read once, in one row of a cache; beams are rows that share what they have in common.
/// Synchronous, the caller brings the thread.
/// </summary>
internal sealed class BeamSearch(WritingModel model, BeamOptions beams, GenerationOptions options, int maxTokens, KvCacheType cacheType)
{
    private readonly Transformer _network = model.Network;

    /// <summary>The most memory that what was stored took, in bytes; blocks that beams share count once.</summary>
    public long MostBytes { get; private set; }

    /// <summary>Searches for the best texts after a prompt, or, if the model has an encoder, of what its decoder makes of that.</summary>
    /// <exception cref="ArithmeticException">Bans and biases have left no token for any text.</exception>
    public BeamResult Run(ReadOnlySpan<int> prompt, IProgress<BeamProgress>? progress, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        using TensorScope scope = new(recycles: true);
        // Mixers keep states, of which each row has its own.
        using KvCache cache = _network.Config.Mixer == MixerKind.Attention
            ? _network.CreatePagedCache(1, maxTokens, type: cacheType)
            : _network.CreateCache(1, maxTokens, type: cacheType);
        int[] fitted = _network.Encoder is null ? model.Fit(prompt, options, maxTokens) : [model.ReadSource(cache, prompt, options, cancellation)];
        int bound = Math.Min(options.MaxTokens ?? int.MaxValue, maxTokens - fitted.Length + 1);
        FinishReason atBound = bound == options.MaxTokens ? FinishReason.MaxTokens : FinishReason.ContextFull;
        bool continues = Array.Exists(fitted, token => token < model.Tokenizer.VocabSize && !model.Tokenizer.IsSpecial(token));
        BeamEndings endings = new(model, options, continues);
        BeamGroup[] groups = [.. Enumerable.Range(0, beams.Groups).Select(_ => new BeamGroup(beams, endings, new Beam(GrammarOf(continues)), bound))];
        BeamScorer scorer = new(options, beams, fitted, model.VocabSize, BeamGroup.CandidatesOf(beams, endings));
        if (bound == 0) groups[0].Finish(atBound);
        TimeSpan prefill = default;
        int[] tokens = fitted;
        for (int length = 0; length < bound && groups.Any(group => group.Open.Count > 0); length++)
        {
            using TensorScope.Lease step = scope.Enter();
            ReadOnlySpan<float> logits = Read(tokens, cache, cancellation);
            MostBytes = Math.Max(MostBytes, cache.UsedBytes);
            if (length == 0) (prefill, start) = (Stopwatch.GetElapsedTime(start), Stopwatch.GetTimestamp());
            Choose(groups, scorer, logits, cancellation);
            if (length + 1 == bound) Array.ForEach(groups, group => group.Finish(atBound));
            else tokens = Arrange(groups, cache);
            progress?.Report(new BeamProgress(length + 1, groups.Sum(group => group.Open.Count), groups.Sum(group => group.Pool.Best.Count)));
        }
        BeamHypothesis[] best = Best(groups, endings);
        int read = _network.Encoder is null ? fitted.Length : cache.Memory!.Longest;
        return new BeamResult(best, new Usage(read, 0, best.Sum(text => text.TokenIds.Count), prefill, Stopwatch.GetElapsedTime(start)));
    }

    private void Choose(BeamGroup[] groups, BeamScorer scorer, ReadOnlySpan<float> logits, CancellationToken cancellation)
    {
        Dictionary<int, int> taken = [];
        foreach (BeamGroup group in groups)
        {
            if (group.Open.Count > 0) group.Choose(scorer, logits, model.VocabSize, taken, cancellation);
        }
    }

    /// <summary>Makes each open beam a row that goes on from its parent's.</summary>
    /// <returns>The token that each row is to read.</returns>
    private static int[] Arrange(BeamGroup[] groups, KvCache cache)
    {
        int[] tokens = new int[groups.Sum(group => group.Open.Count)], parents = new int[tokens.Length];
        if (tokens.Length == 0) return [];
        int row = 0;
        foreach (BeamGroup group in groups)
        {
            foreach (Beam beam in group.Open)
            {
                (tokens[row], parents[row]) = (beam.Token, beam.ParentRow);
                beam.Row = row++;
            }
        }
        cache.Arrange(parents);
        return tokens;
    }

    /// <summary>Feeds tokens to the model: one of each row, or a prompt in parts.</summary>
    /// <returns>The logits after the last token of each row; valid within the scope.</returns>
    private ReadOnlySpan<float> Read(ReadOnlySpan<int> tokens, KvCache cache, CancellationToken cancellation)
    {
        while (cache.Batch == 1 && tokens.Length > PromptReader.Chunk)
        {
            using TensorScope.Lease part = TensorScope.Begin();
            model.Forward(tokens[..PromptReader.Chunk], cache, cancellation: cancellation);
            tokens = tokens[PromptReader.Chunk..];
        }
        return model.Forward(tokens, cache, cancellation: cancellation).AsSpan();
    }

    private GrammarConstraint? GrammarOf(bool continues) => options.Grammar is not { } asked ? null
        : new GrammarConstraint(model.Vocabulary.Value.For(asked), model.Tokenizer, options, model.EndTokens, model.VocabSize, continues);

    /// <summary>The best of all groups, each text once.</summary>
    private BeamHypothesis[] Best(BeamGroup[] groups, BeamEndings endings)
    {
        List<BeamHypothesis> best = [];
        foreach (FinishedBeam finished in groups.SelectMany(group => group.Pool.Best).OrderByDescending(finished => finished.Score))
        {
            if (best.Count == beams.ReturnCount) break;
            BeamHypothesis text = endings.Write(finished);
            if (groups.Length == 1 || !best.Exists(other => other.TokenIds.SequenceEqual(text.TokenIds))) best.Add(text);
        }
        if (best.Count == 0) throw new ArithmeticException("SearchAsync: no text is left: bans, biases or penalties have taken away all tokens that the model makes possible.");
        return [.. best];
    }
}
