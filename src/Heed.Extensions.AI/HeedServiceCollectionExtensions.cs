using System.Diagnostics.Metrics;
using Heed.Inference;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Heed.Extensions.AI;

/// <summary>Heed's models as services. Each is loaded once, when it is first needed, and freed with the container.</summary>
public static class HeedServiceCollectionExtensions
{
    /// <summary>Adds a model as <see cref="IChatClient"/> and <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>; whoever asks for <see cref="LanguageModel"/> gets it too, and waits until it is loaded.</summary>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Says which model; null where configuration does (<c>services.Configure&lt;HeedOptions&gt;(section)</c>).</param>
    public static IServiceCollection AddHeed(this IServiceCollection services, Action<HeedOptions>? configure = null) =>
        services.AddHeedChatClient(configure).AddHeedEmbeddingGenerator();

    /// <summary>Adds a model under a name: as keyed services, with options of that name.</summary>
    /// <param name="services">The container's services.</param>
    /// <param name="name">The services' key and the options' name.</param>
    /// <param name="configure">Says which model; null where configuration does (<c>services.Configure&lt;HeedOptions&gt;(name, section)</c>).</param>
    public static IServiceCollection AddHeed(this IServiceCollection services, string name, Action<HeedOptions>? configure = null) =>
        services.AddHeedChatClient(name, configure).AddHeedEmbeddingGenerator(name);

    /// <summary>Adds a model as <see cref="IChatClient"/> alone, and as <see cref="HeedChatClient"/> for those who wrap it.</summary>
    /// <inheritdoc cref="AddHeed(IServiceCollection, Action{HeedOptions}?)"/>
    public static IServiceCollection AddHeedChatClient(this IServiceCollection services, Action<HeedOptions>? configure = null)
    {
        AddModel(services, Options.DefaultName, configure);
        services.TryAddSingleton(provider => new HeedChatClient(HostOf(provider, key: null), ClientOptions(provider, key: null)));
        services.AddSingleton<IChatClient>(provider => provider.GetRequiredService<HeedChatClient>());
        return services;
    }

    /// <summary>Adds a model under a name as <see cref="IChatClient"/> alone.</summary>
    /// <inheritdoc cref="AddHeed(IServiceCollection, string, Action{HeedOptions}?)"/>
    public static IServiceCollection AddHeedChatClient(this IServiceCollection services, string name, Action<HeedOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        AddModel(services, name, configure);
        services.TryAddKeyedSingleton(name, (provider, key) => new HeedChatClient(HostOf(provider, key), ClientOptions(provider, key)));
        services.AddKeyedSingleton<IChatClient>(name, (provider, key) => provider.GetRequiredKeyedService<HeedChatClient>(key));
        return services;
    }

    /// <summary>Adds a model as <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> alone, and as <see cref="HeedEmbeddingGenerator"/> for those who wrap it.</summary>
    /// <inheritdoc cref="AddHeed(IServiceCollection, Action{HeedOptions}?)"/>
    public static IServiceCollection AddHeedEmbeddingGenerator(this IServiceCollection services, Action<HeedOptions>? configure = null)
    {
        AddModel(services, Options.DefaultName, configure);
        services.TryAddSingleton(provider => new HeedEmbeddingGenerator(HostOf(provider, key: null), ClientOptions(provider, key: null)));
        services.AddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(provider => provider.GetRequiredService<HeedEmbeddingGenerator>());
        services.AddSingleton<IEmbeddingGenerator>(provider => provider.GetRequiredService<HeedEmbeddingGenerator>());
        return services;
    }

    /// <summary>Adds a model under a name as <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> alone.</summary>
    /// <inheritdoc cref="AddHeed(IServiceCollection, string, Action{HeedOptions}?)"/>
    public static IServiceCollection AddHeedEmbeddingGenerator(this IServiceCollection services, string name, Action<HeedOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        AddModel(services, name, configure);
        services.TryAddKeyedSingleton(name, (provider, key) => new HeedEmbeddingGenerator(HostOf(provider, key), ClientOptions(provider, key)));
        services.AddKeyedSingleton<IEmbeddingGenerator<string, Embedding<float>>>(name, (provider, key) => provider.GetRequiredKeyedService<HeedEmbeddingGenerator>(key));
        services.AddKeyedSingleton<IEmbeddingGenerator>(name, (provider, key) => provider.GetRequiredKeyedService<HeedEmbeddingGenerator>(key));
        return services;
    }

    private static void AddModel(IServiceCollection services, string name, Action<HeedOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        OptionsBuilder<HeedOptions> options = services.AddOptions<HeedOptions>(name).ValidateOnStart();
        if (configure is not null) options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<HeedOptions>, HeedOptionsValidator>());
        if (name.Length == 0)
        {
            services.TryAddSingleton(provider => Host(provider, key: null));
            services.TryAddSingleton(provider => Model(provider, key: null));
        }
        else
        {
            services.TryAddKeyedSingleton(name, (provider, key) => Host(provider, key));
            services.TryAddKeyedSingleton(name, (provider, key) => Model(provider, key));
        }
    }

    private static ModelHost Host(IServiceProvider provider, object? key)
    {
        HeedOptions options = OptionsOf(provider, key);
        ILogger logger = provider.GetService<ILoggerFactory>()?.CreateLogger(HeedTelemetry.SourceName) ?? NullLogger.Instance;
        return new ModelHost(cancellation => LanguageModel.LoadAsync(options.ModelPath, options.Loading, cancellation), options.Name, logger);
    }

    private static LanguageModel Model(IServiceProvider provider, object? key) => HostOf(provider, key).GetAsync(CancellationToken.None).GetAwaiter().GetResult();

    private static ModelHost HostOf(IServiceProvider provider, object? key) =>
        key is null ? provider.GetRequiredService<ModelHost>() : provider.GetRequiredKeyedService<ModelHost>(key);

    private static HeedOptions OptionsOf(IServiceProvider provider, object? key) =>
        provider.GetRequiredService<IOptionsMonitor<HeedOptions>>().Get((string?)key ?? Options.DefaultName);

    private static HeedClientOptions ClientOptions(IServiceProvider provider, object? key)
    {
        HeedOptions options = OptionsOf(provider, key);
        return new HeedClientOptions
        {
            MaxOutputTokens = options.MaxOutputTokens,
            KeptChats = options.KeptChats,
            Embedding = new EmbeddingOptions { Pooling = options.Pooling, Normalize = options.NormalizeEmbeddings, Truncate = options.TruncateEmbeddings },
            EnableSensitiveData = options.EnableSensitiveData,
            LoggerFactory = provider.GetService<ILoggerFactory>(),
            MeterFactory = provider.GetService<IMeterFactory>(),
        };
    }
}
