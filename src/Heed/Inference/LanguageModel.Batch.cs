using Heed.Inference.Drafting;
using Heed.Models;
using Heed.Nn;

namespace Heed.Inference;

/// <content>Several texts at once.</content>
public sealed partial class LanguageModel
{
    /// <summary>The texts that <see cref="CompleteBatchAsync"/> has under way at once where it is not told how many.</summary>
    public const int DefaultBatchRows = 8;

    /// <summary>
    /// Writes on after several prompts at once, which takes far less time than one after the other. Each text is, bit for bit, what it would
    /// be alone (with the same seed), whatever shares its batch. Pieces come as they are made, those of different texts in turn; a text that
    /// ends makes room for the next one, and one that begins as another did goes on from where that one was read to.
    /// </summary>
    /// <remarks>
    /// Models whose mixer is not attention, such with an encoder, and those whose angles go by a text's length (dynamic NTK, LongRoPE; unless
    /// <see cref="ContextLength"/> keeps within the original length) read each text's tokens by themselves: no slower than one after the other, but no faster.
    /// </remarks>
    /// <param name="requests">The prompts, each with its own options.</param>
    /// <param name="maxRows">The most texts under way at once; bounds the memory. The others wait for their turn, in order.</param>
    /// <param name="cancellation">Ends all texts within the time of one layer.</param>
    /// <exception cref="ArgumentException">A request is null or has a <see cref="GenerationOptions.Speculation"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range, or <paramref name="maxRows"/> below 1.</exception>
    /// <exception cref="NotSupportedException">The model sees both ways, or has an encoder, and a prompt is to be echoed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public IAsyncEnumerable<BatchPiece> CompleteBatchAsync(IReadOnlyList<BatchRequest> requests, int maxRows = DefaultBatchRows, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRows, 1);
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        CheckWrites("CompleteBatchAsync");
        (Func<int[]>, GenerationOptions)[] prompts = new (Func<int[]>, GenerationOptions)[requests.Count];
        for (int i = 0; i < prompts.Length; i++)
        {
            BatchRequest request = requests[i] ?? throw new ArgumentException($"CompleteBatchAsync: request {i} is null.", nameof(requests));
            GenerationOptions options = (request.Options ?? DefaultOptions).Validate();
            CheckEcho(options);
            if (options.Speculation is not null)
                throw new ArgumentException($"CompleteBatchAsync: request {i} has a Speculation; expected none: a pass over several texts is full without drafts.", nameof(requests));
            prompts[i] = (request.Prompt is { } text ? () => TokensOf(text, options) : request.Tokens.ToArray, options);
        }
        return Produced<BatchPiece>((emit, token) =>
        {
            using BatchGenerator generator = new(Writing, CreateBatchCache, ContextLength, maxRows);
            generator.Run(prompts, piece => emit(piece, token), token);
        }, cancellation);
    }

    private int[] TokensOf(string prompt, GenerationOptions options) =>
        Tokenizer.Encode(prompt, options.AddSpecialTokens && Transformer.Encoder is null, options.ParseSpecialTokens);

    /// <summary>Memory for all texts of a batch, or, where it cannot be paged, for one.</summary>
    private KvCache CreateBatchCache() => Config.Mixer == MixerKind.Attention && !Config.HasGlobalProjections && Transformer.Encoder is null
        && ContextLength <= Config.StableLength // Longer rows would turn the others' angles.
        ? Transformer.CreatePagedCache(maxPositions: ContextLength, type: CacheType)
        : Transformer.CreateCache(maxPositions: ContextLength, type: CacheType);
}
