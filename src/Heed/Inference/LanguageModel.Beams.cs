using Heed.Inference.Beams;

namespace Heed.Inference;

/// <content>Texts that are searched for instead of drawn.</content>
public sealed partial class LanguageModel
{
    /// <summary>
    /// Searches for the likeliest texts after <paramref name="prompt"/>, or, if the model has an encoder, for the likeliest that its decoder
    /// makes of that, by beam search: scores are sums of log-probabilities over a length penalty, finished texts are pooled, and beams share
    /// the memory of what they have in common. Of equal scores that of the lower beam comes first, then that with the lower token.
    /// </summary>
    /// <param name="prompt">The text; empty to begin from nothing.</param>
    /// <param name="beams">How to search; the defaults if null.</param>
    /// <param name="options">
    /// What texts may be, <see cref="DefaultOptions"/> if null: bound, stops, biases, bans, penalties, grammar. Temperature, cuts and
    /// seed count for nothing, since nothing is drawn; a text ends where the context is full.
    /// </param>
    /// <param name="progress">Told after each step, on the thread that searches.</param>
    /// <param name="cancellation">Ends it within the time of one layer.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range, or names a token that is not in the vocabulary.</exception>
    /// <exception cref="NotSupportedException">The model sees both ways, or the options have steps of their own, an echo, the likeliest alternatives or speculation.</exception>
    /// <exception cref="ContextOverflowException">The prompt is longer than the context and may not slide.</exception>
    /// <exception cref="ArithmeticException">Bans and biases leave no text, or the model's numbers are broken.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Task<BeamResult> SearchAsync(string prompt, BeamOptions? beams = null, GenerationOptions? options = null, IProgress<BeamProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        options = CheckSearch(options);
        return Search(() => TokensOf(prompt, options), beams, options, progress, cancellation);
    }

    /// <summary>Searches after a prompt of tokens, as <see cref="SearchAsync(string, BeamOptions?, GenerationOptions?, IProgress{BeamProgress}?, CancellationToken)"/> does.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the vocabulary.</exception>
    public Task<BeamResult> SearchAsync(ReadOnlyMemory<int> prompt, BeamOptions? beams = null, GenerationOptions? options = null, IProgress<BeamProgress>? progress = null,
        CancellationToken cancellation = default) => Search(prompt.ToArray, beams, CheckSearch(options), progress, cancellation);

    private GenerationOptions CheckSearch(GenerationOptions? options)
    {
        options = (options ?? DefaultOptions).Validate();
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        CheckWrites("SearchAsync");
        if (options.Steps is not null) throw new NotSupportedException("SearchAsync: the options have Steps; expected none: a search draws nothing. Biases, bans and penalties of the options count.");
        if (options.EchoPrompt) throw new NotSupportedException("SearchAsync: EchoPrompt is true; a search gives no prompt back. CompleteAsync does.");
        if (options.TopLogProbabilities > 0) throw new NotSupportedException("SearchAsync: TopLogProbabilities is above 0; a search gives the log-probabilities of its texts' own tokens. CompleteAsync gives those of others.");
        if (options.Speculation is not null) throw new NotSupportedException("SearchAsync: the options have a Speculation; expected none: a search reads all of its texts in one pass, and drafts none of them.");
        return options;
    }

    private Task<BeamResult> Search(Func<int[]> prompt, BeamOptions? beams, GenerationOptions options, IProgress<BeamProgress>? progress, CancellationToken cancellation)
    {
        BeamSearch search = new(Writing, (beams ?? new BeamOptions()).Validate(), options, ContextLength, CacheType);
        Begin();
        return Task.Run(() =>
        {
            try
            {
                using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
                return search.Run(prompt(), progress, either.Token);
            }
            finally
            {
                _generations.Signal();
            }
        }, CancellationToken.None);
    }
}
