using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Heed.Extensions.AI;

/// <summary>
/// Metrics, traces and logs of a client's requests, by OpenTelemetry's conventions for generative AI. The library is client and server at
/// once, so the instruments of both are there.
/// </summary>
internal sealed class GenAiTelemetry : IDisposable
{
    // What the conventions advise.
    private static readonly double[] s_seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
    private static readonly double[] s_firstToken = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    private static readonly double[] s_perToken = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
    private static readonly long[] s_tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

    private readonly Meter _meter;
    private readonly bool _ownsMeter;
    private readonly ActivitySource _activities = new(HeedTelemetry.SourceName);

    public GenAiTelemetry(HeedClientOptions options, string modelId)
    {
        ModelId = modelId;
        Sensitive = options.EnableSensitiveData;
        Logger = options.LoggerFactory?.CreateLogger(HeedTelemetry.SourceName) ?? NullLogger.Instance;
        _ownsMeter = options.MeterFactory is null;
        _meter = options.MeterFactory?.Create(new MeterOptions(HeedTelemetry.SourceName)) ?? new Meter(HeedTelemetry.SourceName);
        OperationDuration = Seconds("gen_ai.client.operation.duration", "How long operations take.", s_seconds);
        RequestDuration = Seconds("gen_ai.server.request.duration", "How long requests take, to the last token.", s_seconds);
        TimeToFirstToken = Seconds("gen_ai.server.time_to_first_token", "The time to the first token of answers that succeed.", s_firstToken);
        TimePerOutputToken = Seconds("gen_ai.server.time_per_output_token", "The time per token after the first one, of answers that succeed.", s_perToken);
        TokenUsage = _meter.CreateHistogram("gen_ai.client.token.usage", "{token}", "How many tokens go in and come out.", tags: null,
            advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = s_tokens });
    }

    public string ModelId { get; }

    /// <summary>Whether what is said may be written down.</summary>
    public bool Sensitive { get; }

    public ILogger Logger { get; }

    public Histogram<double> OperationDuration { get; }

    public Histogram<double> RequestDuration { get; }

    public Histogram<double> TimeToFirstToken { get; }

    public Histogram<double> TimePerOutputToken { get; }

    public Histogram<long> TokenUsage { get; }

    /// <summary>Begins a request; to be ended by disposing it.</summary>
    /// <param name="operation">What is done: chat, embeddings.</param>
    public GenAiOperation Begin(string operation) => new(this, operation, _activities.StartActivity($"{operation} {ModelId}"));

    public void Dispose()
    {
        if (_ownsMeter) _meter.Dispose();
        _activities.Dispose();
    }

    private Histogram<double> Seconds(string name, string description, double[] boundaries) => _meter.CreateHistogram(name, "s", description, tags: null,
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });
}
