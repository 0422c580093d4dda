using Heed.Inference;
using Microsoft.Extensions.AI;

namespace Heed.Extensions.AI;

/// <summary>
/// A Heed model as <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>: the final hidden states of a text's tokens, pooled and
/// normalized, by <see cref="LanguageModel.EmbedAsync(IEnumerable{string}, EmbeddingOptions?, CancellationToken)"/>. All members are safe for concurrent use.
/// </summary>
public sealed class HeedEmbeddingGenerator : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly ModelHost _host;
    private readonly EmbeddingOptions _defaults;
    private readonly GenAiTelemetry _telemetry;

    /// <summary>Makes vectors with a model, which stays the caller's to dispose.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">The rest; defaults if null.</param>
    public HeedEmbeddingGenerator(LanguageModel model, HeedClientOptions? options = null)
        : this(new ModelHost(model ?? throw new ArgumentNullException(nameof(model)), options?.ModelId), options ?? new HeedClientOptions())
    {
    }

    internal HeedEmbeddingGenerator(ModelHost host, HeedClientOptions options)
    {
        (_host, _defaults) = (host, options.Embedding ?? new EmbeddingOptions());
        _telemetry = new GenAiTelemetry(options, host.ModelId);
    }

    /// <summary>A vector for each text, in their order; what one becomes does not depend on the others.</summary>
    /// <param name="values">The texts.</param>
    /// <param name="options">
    /// Dimensions keeps so many of the first numbers; ModelId must be this model's. A RawRepresentationFactory may give an
    /// <see cref="EmbeddingOptions"/> to begin with. AdditionalProperties must be empty.
    /// </param>
    /// <param name="cancellationToken">Ends it within the time of one layer.</param>
    /// <exception cref="ArgumentException">A text is longer than the context and may not be cut, or an option cannot be held to.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        string[] texts = [.. values];
        using GenAiOperation operation = _telemetry.Begin("embeddings");
        try
        {
            EmbeddingOptions settings = Settings(options);
            if (settings.Dimensions is { } dimensions) operation.Activity?.SetTag("gen_ai.embeddings.dimension.count", dimensions);
            LanguageModel model = await _host.GetAsync(cancellationToken).ConfigureAwait(false);
            IReadOnlyList<TextEmbedding> vectors = await model.EmbedAsync(texts, settings, cancellationToken).ConfigureAwait(false);
            long tokens = vectors.Sum(vector => (long)vector.Tokens);
            operation.Complete(tokens);
            DateTimeOffset now = DateTimeOffset.UtcNow;
            return new(vectors.Select(vector => new Embedding<float>(vector.Vector) { CreatedAt = now, ModelId = _host.ModelId }))
            {
                Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens },
            };
        }
        catch (Exception failure)
        {
            operation.Fail(failure);
            throw;
        }
    }

    /// <summary>The model and what belongs to it: <see cref="EmbeddingGeneratorMetadata"/>; <see cref="LanguageModel"/>, <see cref="Models.Transformer"/> and <see cref="Tokenizers.Tokenizer"/>, for which the model is loaded if it is not yet.</summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(EmbeddingGeneratorMetadata))
            return new EmbeddingGeneratorMetadata(HeedTelemetry.ProviderName, providerUri: null, _host.ModelId, _defaults.Dimensions ?? _host.Loaded?.Config.HiddenSize);
        return serviceType.IsInstanceOfType(this) ? this : _host.Find(serviceType);
    }

    /// <summary>Ends metrics and traces; the model is its owner's.</summary>
    public void Dispose() => _telemetry.Dispose();

    private EmbeddingOptions Settings(EmbeddingGenerationOptions? options)
    {
        if (options is null) return _defaults;
        _host.CheckModelId(options.ModelId);
        if (options.AdditionalProperties is { Count: > 0 } more)
            throw new NotSupportedException($"EmbeddingGenerationOptions: AdditionalProperties has '{more.Keys.First()}'; expected none. A RawRepresentationFactory may give an EmbeddingOptions.");
        EmbeddingOptions settings = options.RawRepresentationFactory?.Invoke(this) switch
        {
            null => _defaults,
            EmbeddingOptions given => given,
            object other => throw new ArgumentException($"EmbeddingGenerationOptions: RawRepresentationFactory gave a {other.GetType()}; expected an {typeof(EmbeddingOptions)}, or null.", nameof(options)),
        };
        return options.Dimensions is { } dimensions ? settings with { Dimensions = dimensions } : settings;
    }
}
