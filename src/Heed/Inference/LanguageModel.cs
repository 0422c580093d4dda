using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Heed.Inference.Grammars;
using Heed.Models;
using Heed.Models.Adapters;
using Heed.Models.Checkpoints;
using Heed.Models.Sharding;
using Heed.Tensors;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>
/// A model that is ready to write: a transformer, its tokenizer and its habits. Safe for concurrent generations; each has
/// memory of its own and gives what it would give alone.
/// </summary>
/// <example>
/// <code>
/// using var model = LanguageModel.Load("model.gguf");
/// await foreach (var piece in model.CompleteAsync("Once upon a time")) Console.Write(piece.Text);
/// </code>
/// </example>
public sealed partial class LanguageModel : IDisposable
{
    // Of loading with a file for repacked weights to be written.
    private const double LoadingShare = 0.4;

    private readonly Checkpoint? _checkpoint;
    private readonly CancellationTokenSource _closing = new();
    private readonly CountdownEvent _generations = new(1);
    private bool _ownsDevice;
    private int _disposed;

    /// <summary>A model from its parts.</summary>
    /// <param name="transformer">The network.</param>
    /// <param name="tokenizer">Its tokenizer; must not have more tokens than the network.</param>
    /// <exception cref="ArgumentException">The tokenizer has more tokens than the network.</exception>
    public LanguageModel(Transformer transformer, Tokenizer tokenizer)
        : this(transformer, tokenizer, GenerationDefaults.None, checkpoint: null, chatTemplate: tokenizer.ChatTemplate)
    {
    }

    private LanguageModel(Transformer transformer, Tokenizer tokenizer, GenerationDefaults defaults, Checkpoint? checkpoint, string? chatTemplate)
    {
        if (tokenizer.VocabSize > transformer.Config.VocabSize)
            throw new ArgumentException($"LanguageModel: the tokenizer has {tokenizer.VocabSize} tokens; the network knows {transformer.Config.VocabSize}.", nameof(tokenizer));
        Transformer = transformer;
        Tokenizer = tokenizer;
        ContextLength = transformer.Config.MaxSeqLen;
        DefaultOptions = defaults.Options;
        _checkpoint = checkpoint;
        HashSet<int> endTokens = [.. tokenizer.StopIds, .. defaults.EndTokens];
        // A begin token that the model generates begins another text (llama2.c's models end theirs this way only).
        if (tokenizer.BosId is { } bos) endTokens.Add(bos);
        EndTokens = endTokens;
        Writing = new WritingModel(transformer, tokenizer, endTokens, new Lazy<VocabularyTrie>(() => VocabularyTrie.Of(tokenizer)), transformer.Ranks is { } ranks ? new WritingAgreement(ranks) : null);
        ChatFormat = ChatFormat.Detect(tokenizer, chatTemplate);
    }

    /// <summary>The network.</summary>
    public Transformer Transformer { get; }

    /// <summary>What texts need of it.</summary>
    internal WritingModel Writing { get; }

    /// <summary>Text to tokens and back.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The options that the model's files recommend.</summary>
    public GenerationOptions DefaultOptions { get; }

    /// <summary>How the model expects a conversation to be written.</summary>
    public ChatFormat ChatFormat { get; }

    /// <summary>What the network is.</summary>
    public ModelConfig Config => Transformer.Config;

    /// <summary>The most tokens that a prompt and what is written after it may have together: the model's own bound, or <see cref="LoadOptions.MaxSeqLen"/> where that is less.</summary>
    public int ContextLength { get; private init; }

    /// <summary>What a generation's keys and values are rounded to when they are stored.</summary>
    public KvCacheType CacheType { get; internal init; }

    /// <summary>The file of repacked weights that the model was loaded with, or null.</summary>
    public RepackedWeights? Repacked { get; private init; }

    /// <summary>Tokens that end a text.</summary>
    public IReadOnlyCollection<int> EndTokens { get; }

    /// <summary>
    /// Loads a GGUF file, a Hugging Face folder, a Meta checkpoint or a llama2.c file, whichever <paramref name="path"/> is.
    /// </summary>
    /// <exception cref="FileFormatException">It is none of these, or damaged; the message names file, tensor and offset.</exception>
    /// <exception cref="IOException">A file does not exist or cannot be read.</exception>
    /// <exception cref="NotSupportedException"><see cref="LoadOptions.CacheType"/> is not F32, and the model's mixer not attention; or there are adapters, and ranks that share the model.</exception>
    /// <exception cref="ArgumentException">The model's heads, feed-forward size or blocks of quantized weights cannot be shared out over <see cref="LoadOptions.Ranks"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static LanguageModel Load(string path, LoadOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new LoadOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Threads, Device.MaxThreads);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxSeqLen);
        if (!Enum.IsDefined(options.CacheType)) throw new ArgumentOutOfRangeException(nameof(options), options.CacheType, $"Load: CacheType is {(int)options.CacheType}; expected {string.Join(", ", Enum.GetNames<KvCacheType>())}.");
        Checkpoint checkpoint = Checkpoint.Open(path);
        Device? own = null;
        try
        {
            Tokenizer tokenizer = ModelTokenizer.Load(checkpoint, options.TokenizerPath);
            GenerationDefaults defaults = GenerationDefaults.Read(checkpoint.GenerationConfigPath);
            ModelConfig config = checkpoint.Config;
            config.CheckCacheType("Load", options.CacheType);
            bool shared = options.Ranks is { Size: > 1 };
            if (shared && options.AdapterPath is not null) throw new NotSupportedException($"Load: got adapters and {options.Ranks!.Size} ranks; expected one of them: adapters are not shared out. heed merge makes a model of both.");
            own = options.Threads > 0 ? Device.CreateCpu(options.Threads) : null;
            PeftAdapter? adapter = options.AdapterPath is { } folder ? PeftAdapter.Read(folder, config) : null;
            (IProgress<double>? loading, IProgress<double>? saving) = (options.Progress, null);
            if (options.RepackedPath is { } file && !checkpoint.UseRepacked(file, shared ? (options.Ranks!.Rank, options.Ranks.Size) : null) && options.Progress is { } all)
                (loading, saving) = (new PartialProgress(all, 0, LoadingShare), new PartialProgress(all, LoadingShare, 1));
            IWeightSource weights = checkpoint.Weights(own, options.Weights, loading, cancellation);
            Transformer transformer = shared ? TensorParallel.Build(config, weights, options.Ranks!) : new Transformer(config, adapter?.Weights(weights) ?? weights);
            RepackedWeights? repacked = options.RepackedPath is null ? null : checkpoint.SaveRepacked(saving, cancellation);
            string? template = options.ChatTemplate is { } given ? (given.Length > 0 ? given : null) : checkpoint.ChatTemplatePath is { } chat ? File.ReadAllText(chat) : tokenizer.ChatTemplate;
            return new LanguageModel(transformer, tokenizer, defaults, checkpoint, template)
            {
                _ownsDevice = own is not null,
                CacheType = options.CacheType,
                Repacked = repacked,
                // The configuration stays: weights may have a row for each of its positions.
                ContextLength = options.MaxSeqLen > 0 ? Math.Min(options.MaxSeqLen, config.MaxSeqLen) : config.MaxSeqLen,
            };
        }
        catch
        {
            checkpoint.Dispose();
            own?.Dispose();
            throw;
        }
    }

    /// <summary>The tokenizer that belongs to a checkpoint, without its weights.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="path">A tokenizer's file to use instead of the checkpoint's own, or null.</param>
    /// <exception cref="FileFormatException">There is none, it is damaged, or it is another model's.</exception>
    /// <exception cref="IOException">A file does not exist or cannot be read.</exception>
    public static Tokenizer LoadTokenizer(Checkpoint checkpoint, string? path = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return ModelTokenizer.Load(checkpoint, path);
    }

    /// <summary><see cref="Load"/> away from the caller's thread.</summary>
    public static Task<LanguageModel> LoadAsync(string path, LoadOptions? options = null, CancellationToken cancellation = default) =>
        Task.Run(() => Load(path, options, cancellation), cancellation);

    /// <summary>Writes on after <paramref name="prompt"/>, or, if the model has an encoder, what its decoder makes of that. Pieces come as they are made; the last one says why it ended.</summary>
    /// <remarks>The stream may be enumerated more than once; each time is a generation of its own.</remarks>
    /// <param name="prompt">The text; empty to begin from nothing.</param>
    /// <param name="options">How; <see cref="DefaultOptions"/> if null.</param>
    /// <param name="cancellation">Ends it within the time of one layer, also while the prompt is read.</param>
    /// <exception cref="NotSupportedException">The model sees both ways: it fills gaps and writes nothing on; or it has an encoder, and the prompt is to be echoed; or its states do not allow the speculation.</exception>
    /// <exception cref="ArgumentException">The speculation's draft model has another vocabulary, or there is no such early exit.</exception>
    /// <exception cref="ContextOverflowException">The prompt is longer than the context and may not slide.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public IAsyncEnumerable<CompletionPiece> CompleteAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        options ??= DefaultOptions;
        options.Validate();
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        CheckWrites("CompleteAsync");
        CheckEcho(options);
        options.Speculation?.Check(Writing);
        return Owning(() => TokensOf(prompt, options), options, cancellation);
    }

    /// <summary>Writes on after a prompt of tokens, as <see cref="CompleteAsync(string, GenerationOptions?, CancellationToken)"/> does.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the vocabulary.</exception>
    public IAsyncEnumerable<CompletionPiece> CompleteAsync(ReadOnlyMemory<int> prompt, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        options = (options ?? DefaultOptions).Validate();
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        CheckWrites("CompleteAsync");
        CheckEcho(options);
        options.Speculation?.Check(Writing);
        return Owning(prompt.ToArray, options, cancellation);
    }

    /// <summary>Begins a conversation.</summary>
    /// <param name="systemPrompt">Instructions that stand above it, or null.</param>
    /// <param name="cache">What was read before, of which the conversation's turns read only what is new, and which afterwards knows them; null for memory of the conversation's own.</param>
    /// <exception cref="NotSupportedException">The model sees both ways, or has an encoder.</exception>
    /// <exception cref="ArgumentException">The cache is another model's.</exception>
    public Conversation StartConversation(string? systemPrompt = null, PromptCache? cache = null)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        CheckChats(nameof(StartConversation));
        cache?.Check("StartConversation", this);
        return new Conversation(this, systemPrompt, cache);
    }

    /// <summary>Cancels what is being generated, waits until no thread computes any more, and frees the weights.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _closing.Cancel();
        _generations.Signal();
        _generations.Wait(CancellationToken.None);
        _checkpoint?.Dispose();
        if (_ownsDevice) Transformer.Device.Dispose();
        _closing.Dispose();
        _generations.Dispose();
    }

    internal TextGenerator CreateGenerator() => CreateGenerator(out _);

    /// <summary>Keeps the model from being freed until <see cref="Return"/>, for one that it drafts for.</summary>
    /// <returns>Cancelled when the model is to be disposed.</returns>
    internal CancellationToken Borrow()
    {
        Begin();
        return _closing.Token;
    }

    /// <summary>Ends what <see cref="Borrow"/> began.</summary>
    internal void Return() => _generations.Signal();

    /// <summary>Runs a generator on a thread of its own and passes its pieces on.</summary>
    internal IAsyncEnumerable<CompletionPiece> Stream(TextGenerator generator, Func<int[]> prompt, GenerationOptions options, CancellationToken cancellation) =>
        Produced<CompletionPiece>((emit, token) => generator.Run(prompt(), options, emit, token), cancellation);

    /// <summary>Does some work on a thread of its own and passes on what it emits; a receiver that waits gives up when the token it was handed is cancelled.</summary>
    internal async IAsyncEnumerable<T> Produced<T>(Action<Action<T, CancellationToken>, CancellationToken> work, [EnumeratorCancellation] CancellationToken cancellation)
    {
        Begin();
        using CancellationTokenSource abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Channel<T> pieces = Channel.CreateBounded<T>(new BoundedChannelOptions(256) { SingleReader = true, SingleWriter = true });
        CancellationToken token = abandon.Token;
        Task running = Task.Run(() => Produce(work, pieces.Writer, token), CancellationToken.None);
        try
        {
            await foreach (T piece in pieces.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false)) yield return piece;
            await running.ConfigureAwait(false);
        }
        finally
        {
            // The reader may have gone away in the middle: the work must end before its memory does.
            await abandon.CancelAsync().ConfigureAwait(false);
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Produce<T>(Action<Action<T, CancellationToken>, CancellationToken> work, ChannelWriter<T> pieces, CancellationToken cancellation)
    {
        try
        {
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closing.Token);
            if (Writing.Ranks is { } ranks)
            {
                work((piece, _) => EmitUnless(piece, either.Token), ranks.Begin(either.Token));
                return;
            }
            work(Emit, either.Token);

            void Emit(T piece, CancellationToken token)
            {
                if (!pieces.TryWrite(piece)) pieces.WriteAsync(piece, token).AsTask().GetAwaiter().GetResult();
            }

            // A piece that nobody reads is lost, but the ranks stop together, before their next pass.
            void EmitUnless(T piece, CancellationToken stopped)
            {
                try
                {
                    Emit(piece, stopped);
                }
                catch (OperationCanceledException) when (stopped.IsCancellationRequested)
                {
                    return;
                }
            }
        }
        finally
        {
            pieces.Complete();
            // The model may be disposed from now on, whether or not the reader has taken the last pieces.
            _generations.Signal();
        }
    }

    private async IAsyncEnumerable<CompletionPiece> Owning(Func<int[]> prompt, GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using TextGenerator generator = CreateGenerator();
        await foreach (CompletionPiece piece in Stream(generator, prompt, options, cancellation).ConfigureAwait(false)) yield return piece;
    }

    private void CheckWrites(string operation)
    {
        if (Config.Bidirectional)
            throw new NotSupportedException($"{operation}: the model sees both ways (an encoder): it does not write texts on, it fills the gaps of one, with `heed fill` or MaskFiller.");
    }

    private void CheckEcho(GenerationOptions options)
    {
        if (options.EchoPrompt && Transformer.Encoder is not null)
            throw new NotSupportedException("CompleteAsync: EchoPrompt is true, and the model's encoder reads the prompt as a source: it is no part of the text, and nothing foretells its tokens.");
    }

    private bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    private void Begin()
    {
        // A model that is being disposed has no count left to add to.
        if (IsDisposed || !_generations.TryAddCount()) throw new ObjectDisposedException(nameof(LanguageModel));
        if (Writing.Ranks is null || _generations.CurrentCount <= 2) return;
        // Two texts at a time would meet the other ranks' passes in another order on each.
        _generations.Signal();
        throw new InvalidOperationException("LanguageModel: a text is being written; ranks that share a model write one at a time.");
    }
}
