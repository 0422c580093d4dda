using System.Text;
using Heed.Tokenizers;

namespace Heed.Inference;

/// <summary>
/// The interface of Meta's own Llama code (`llama/generation.py`, Touvron et al. 2023, arXiv 2307.09288) with its names, defaults and
/// meaning, over <see cref="LanguageModel.CompleteBatchAsync"/>. Calls wait for all texts of the batch; other differences are said where they are.
/// </summary>
/// <example>
/// <code>
/// using Llama llama = Llama.Build("llama-2-7b-chat", "tokenizer.model", maxSeqLen: 512, maxBatchSize: 4);
/// foreach (LlamaCompletion completion in llama.TextCompletion(["I believe the meaning of life is"], maxGenLen: 64)) Console.WriteLine(completion.Generation);
/// </code>
/// </example>
public sealed class Llama : IDisposable
{
    private readonly bool _ownsModel;
    private readonly ulong _seed;
    private int _calls;

    /// <summary>Over a model that is loaded already, which stays its owner's.</summary>
    /// <param name="model">The model.</param>
    /// <param name="maxBatchSize">The most prompts of a call.</param>
    /// <param name="seed">Of the random choices of all calls.</param>
    public Llama(LanguageModel model, int maxBatchSize, ulong seed = 1)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBatchSize, 1);
        (Model, MaxBatchSize, _seed) = (model, maxBatchSize, seed);
    }

    private Llama(LanguageModel model, int maxBatchSize, ulong seed, bool ownsModel) : this(model, maxBatchSize, seed) => _ownsModel = ownsModel;

    /// <summary>The model.</summary>
    public LanguageModel Model { get; }

    /// <summary>The most prompts of a call.</summary>
    public int MaxBatchSize { get; }

    /// <summary>The most tokens of a prompt and what is written after it.</summary>
    public int MaxSeqLen => Model.ContextLength;

    /// <summary>Loads a model.</summary>
    /// <param name="ckptDir">The folder with the checkpoint; anything that <see cref="LanguageModel.Load"/> takes.</param>
    /// <param name="tokenizerPath">The tokenizer's file, or null for the checkpoint's own.</param>
    /// <param name="maxSeqLen">The most tokens of a prompt and what is written after it.</param>
    /// <param name="maxBatchSize">The most prompts of a call.</param>
    /// <param name="seed">Of the random choices of all calls.</param>
    /// <exception cref="FileFormatException">A file is damaged or none that is known.</exception>
    /// <exception cref="IOException">A file does not exist or cannot be read.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A length or size is below 1.</exception>
    public static Llama Build(string ckptDir, string? tokenizerPath, int maxSeqLen, int maxBatchSize, ulong seed = 1)
    {
        ArgumentNullException.ThrowIfNull(ckptDir);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSeqLen, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBatchSize, 1);
        return new Llama(LanguageModel.Load(ckptDir, new LoadOptions { TokenizerPath = tokenizerPath, MaxSeqLen = maxSeqLen }), maxBatchSize, seed, ownsModel: true);
    }

    /// <summary>
    /// Writes on after prompts of tokens. Each row has a budget of its own, <paramref name="maxGenLen"/> tokens or what is left of
    /// <see cref="MaxSeqLen"/>, and is what it would be alone; an end token ends it, wherever one may be in the prompt.
    /// </summary>
    /// <param name="promptTokens">The prompts.</param>
    /// <param name="maxGenLen">The most tokens that are written after a prompt.</param>
    /// <param name="temperature">0 for the likeliest token each time.</param>
    /// <param name="topP">The nucleus: tokens stay while the probability of those before them is at most this.</param>
    /// <param name="logprobs">Whether to give the tokens' log-probabilities, untempered.</param>
    /// <param name="echo">Whether the result begins with the prompt.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>A completion for each prompt, in their order.</returns>
    /// <exception cref="ArgumentException">There are more prompts than <see cref="MaxBatchSize"/>, or one is longer than <see cref="MaxSeqLen"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range, or a token is not in the vocabulary.</exception>
    public IReadOnlyList<LlamaCompletion> Generate(IReadOnlyList<int[]> promptTokens, int maxGenLen, float temperature = 0.6f, float topP = 0.9f,
        bool logprobs = false, bool echo = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(promptTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(maxGenLen);
        if (promptTokens.Count > MaxBatchSize)
            throw new ArgumentException($"Generate: got {promptTokens.Count} prompts; expected up to {MaxBatchSize}, the largest batch.", nameof(promptTokens));
        ulong call = (ulong)Interlocked.Increment(ref _calls);
        BatchRequest[] requests = new BatchRequest[promptTokens.Count];
        for (int i = 0; i < requests.Length; i++)
        {
            int[] prompt = promptTokens[i] ?? throw new ArgumentException($"Generate: prompt {i} is null.", nameof(promptTokens));
            if (prompt.Length > MaxSeqLen)
                throw new ArgumentException($"Generate: prompt {i} has {prompt.Length} tokens; expected up to {MaxSeqLen}, maxSeqLen.", nameof(promptTokens));
            requests[i] = new BatchRequest(prompt, new GenerationOptions
            {
                MaxTokens = Math.Min(maxGenLen, MaxSeqLen - Math.Max(1, prompt.Length)),
                Temperature = temperature,
                TopP = topP,
                LogProbabilities = logprobs,
                EchoPrompt = echo,
                Seed = unchecked(_seed + call * 0x9E3779B97F4A7C15 + (ulong)i),
            });
        }
        return Task.Run(() => Collect(requests, logprobs, cancellation), cancellation).GetAwaiter().GetResult();
    }

    /// <summary>Writes on after prompts of text, with a begin token before each; see <see cref="Generate"/>.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="temperature">0 for the likeliest token each time.</param>
    /// <param name="topP">The nucleus.</param>
    /// <param name="maxGenLen">The most tokens that are written after a prompt; <see cref="MaxSeqLen"/> − 1 if null.</param>
    /// <param name="logprobs">Whether to give the tokens and their log-probabilities.</param>
    /// <param name="echo">Whether the result begins with the prompt.</param>
    /// <param name="cancellation">Ends the call.</param>
    public IReadOnlyList<LlamaCompletion> TextCompletion(IReadOnlyList<string> prompts, float temperature = 0.6f, float topP = 0.9f, int? maxGenLen = null,
        bool logprobs = false, bool echo = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        int[][] tokens = [.. prompts.Select(prompt => Model.Tokenizer.Encode(prompt ?? throw new ArgumentException("TextCompletion: a prompt is null.", nameof(prompts))))];
        return Generate(tokens, maxGenLen ?? MaxSeqLen - 1, temperature, topP, logprobs, echo, cancellation);
    }

    /// <summary>
    /// Answers dialogs: in the model's own format, or as Llama 2's chat models were trained, where its files say nothing of one. No
    /// system message is made up. What people write never becomes a control token, and marker texts in it are refused where the format writes them as text.
    /// </summary>
    /// <param name="dialogs">An optional system message, then user and assistant in turn, the user last.</param>
    /// <param name="temperature">0 for the likeliest token each time.</param>
    /// <param name="topP">The nucleus.</param>
    /// <param name="maxGenLen">The most tokens of an answer; <see cref="MaxSeqLen"/> − 1 if null.</param>
    /// <param name="logprobs">Whether to give the tokens and their log-probabilities.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>The answers, in the dialogs' order; their texts without white space around them.</returns>
    /// <exception cref="ArgumentException">The roles are not in that order, a message holds markers, or as for <see cref="Generate"/>.</exception>
    public IReadOnlyList<LlamaCompletion> ChatCompletion(IReadOnlyList<IReadOnlyList<ChatMessage>> dialogs, float temperature = 0.6f, float topP = 0.9f,
        int? maxGenLen = null, bool logprobs = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(dialogs);
        ChatFormat format = Model.ChatFormat is { Kind: ChatFormatKind.Plain, Template: null } ? ChatFormat.Of(ChatFormatKind.Llama2) : Model.ChatFormat;
        int[][] tokens = [.. dialogs.Select(dialog => format.Render(dialog, Model.Tokenizer))];
        return [.. Generate(tokens, maxGenLen ?? MaxSeqLen - 1, temperature, topP, logprobs, echo: false, cancellation).Select(answer => answer with { Generation = answer.Generation.Trim() })];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsModel) Model.Dispose();
    }

    private async Task<IReadOnlyList<LlamaCompletion>> Collect(BatchRequest[] requests, bool logprobs, CancellationToken cancellation)
    {
        List<CompletionPiece>[] texts = [.. requests.Select(_ => new List<CompletionPiece>())];
        await foreach (BatchPiece piece in Model.CompleteBatchAsync(requests, MaxBatchSize, cancellation).ConfigureAwait(false))
        {
            if (piece.Error is not null) throw piece.Error;
            texts[piece.Row].Add(piece.Piece!);
        }
        return [.. texts.Select(pieces => Completion(pieces, logprobs))];
    }

    private LlamaCompletion Completion(List<CompletionPiece> pieces, bool logprobs)
    {
        int[] ids = [.. pieces.SelectMany(piece => piece.TokenIds)];
        float[] scores = [.. pieces.SelectMany(piece => piece.LogProbabilities)];
        // The token that ended the text is none of it.
        if (pieces[^1].FinishReason == FinishReason.EndToken) ids = ids[..^1];
        string text = string.Concat(pieces.Select(piece => piece.Text));
        if (!logprobs) return new LlamaCompletion(text, ids, [], []);
        return new LlamaCompletion(text, ids, [.. ids.Select(id => id < Model.Tokenizer.VocabSize ? Encoding.UTF8.GetString(Model.Tokenizer.TokenBytes(id)) : "")], scores[..ids.Length]);
    }
}
