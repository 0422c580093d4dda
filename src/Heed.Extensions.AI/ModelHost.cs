using System.Diagnostics;
using Heed.Inference;
using Heed.Models;
using Heed.Tokenizers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heed.Extensions.AI;

/// <summary>A model that several services share: loaded once, when it is first needed, and freed with its container.</summary>
internal sealed class ModelHost : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly Func<CancellationToken, Task<LanguageModel>>? _load;
    private readonly ILogger _logger;
    private Task<LanguageModel>? _loading;
    private bool _disposed;

    /// <summary>A model that is there already and stays its owner's.</summary>
    public ModelHost(LanguageModel model, string? modelId)
    {
        (_loading, ModelId, _logger) = (Task.FromResult(model), modelId ?? model.Config.Architecture, NullLogger.Instance);
    }

    /// <summary>A model that <paramref name="load"/> will bring.</summary>
    public ModelHost(Func<CancellationToken, Task<LanguageModel>> load, string modelId, ILogger logger) => (_load, ModelId, _logger) = (load, modelId, logger);

    public string ModelId { get; }

    /// <summary>The model, if it has been loaded.</summary>
    public LanguageModel? Loaded => Volatile.Read(ref _loading) is { IsCompletedSuccessfully: true } loaded ? loaded.Result : null;

    /// <summary>The model; loads it if nobody has yet. Cancelling gives up the wait, not the loading; a loading that failed is tried again.</summary>
    /// <exception cref="ObjectDisposedException">The container was disposed.</exception>
    public Task<LanguageModel> GetAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(HeedChatClient));
            if (_loading is null or { IsFaulted: true } or { IsCanceled: true }) _loading = Task.Run(LoadAsync, CancellationToken.None);
            return _loading.IsCompleted ? _loading : _loading.WaitAsync(cancellation);
        }
    }

    /// <summary>The model or a part of it, where that is what is asked for; loads it if nobody has yet. Else null.</summary>
    public object? Find(Type type)
    {
        if (type != typeof(LanguageModel) && type != typeof(Transformer) && !typeof(Tokenizer).IsAssignableFrom(type)) return null;
        LanguageModel model = GetAsync(CancellationToken.None).GetAwaiter().GetResult();
        return new object[] { model, model.Transformer, model.Tokenizer }.FirstOrDefault(type.IsInstanceOfType);
    }

    /// <summary>Refuses a request for another model.</summary>
    /// <exception cref="ArgumentException">It is for another one.</exception>
    public void CheckModelId(string? modelId)
    {
        if (modelId is not null && modelId != ModelId)
            throw new ArgumentException($"ModelId is '{modelId}'; expected '{ModelId}', the only model that this client has, or null.", nameof(modelId));
    }

    /// <summary>Stops loading, or frees what was loaded; a model that was there already stays.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
        }
        _closing.Cancel();
        if (_load is not null && _loading is { } loading)
            try
            {
                loading.GetAwaiter().GetResult().Dispose();
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                // Those who asked for the model were told.
            }
        _closing.Dispose();
    }

    private async Task<LanguageModel> LoadAsync()
    {
        long start = Stopwatch.GetTimestamp();
        Log.Loading(_logger, ModelId);
        try
        {
            LanguageModel model = await _load!(_closing.Token).ConfigureAwait(false);
            Log.Loaded(_logger, ModelId, Stopwatch.GetElapsedTime(start).TotalSeconds, model.Config.Architecture, model.ContextLength);
            return model;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            Log.LoadingFailed(_logger, ModelId, failure);
            throw;
        }
    }
}
