using System.Diagnostics;
using Heed.Inference;

namespace Heed.Extensions.AI;

/// <summary>One request as metrics, a trace and logs see it: from its beginning to its disposal.</summary>
internal sealed class GenAiOperation : IDisposable
{
    private readonly GenAiTelemetry _telemetry;
    private readonly string _name;
    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan? _firstToken;
    private Usage? _usage;
    private long? _inputTokens;
    private string _finishReason = "";
    private Exception? _failure;

    public GenAiOperation(GenAiTelemetry telemetry, string name, Activity? activity)
    {
        (_telemetry, _name, Activity) = (telemetry, name, activity);
        ResponseId = $"{name}-{Guid.NewGuid():N}";
        if (activity is not null)
            foreach ((string key, object? value) in Tags()) activity.SetTag(key, value);
        Log.Begins(telemetry.Logger, name, ResponseId, telemetry.ModelId);
    }

    /// <summary>The trace's part, or null where nobody listens.</summary>
    public Activity? Activity { get; }

    public string ResponseId { get; }

    /// <summary>To be called with each token; the first one counts.</summary>
    public void OnToken() => _firstToken ??= Stopwatch.GetElapsedTime(_start);

    /// <summary>The answer is complete.</summary>
    public void Complete(Usage usage, string finishReason)
    {
        (_usage, _inputTokens, _finishReason) = (usage, usage.PromptTokens, finishReason);
        Activity?.SetTag("gen_ai.response.finish_reasons", new[] { finishReason });
        Activity?.SetTag("gen_ai.usage.output_tokens", usage.CompletionTokens);
        Activity?.SetTag("gen_ai.usage.cache_read.input_tokens", usage.CachedTokens);
    }

    /// <summary>Texts were read, and nothing is generated.</summary>
    public void Complete(long inputTokens) => _inputTokens = inputTokens;

    public void Fail(Exception failure)
    {
        _failure = failure;
        Activity?.SetTag("error.type", failure.GetType().FullName);
        Activity?.SetStatus(ActivityStatusCode.Error, _telemetry.Sensitive ? failure.Message : null);
    }

    public void Dispose()
    {
        TimeSpan duration = Stopwatch.GetElapsedTime(_start);
        TagList tags = Tags();
        if (_inputTokens is { } input)
        {
            Activity?.SetTag("gen_ai.response.id", ResponseId);
            Activity?.SetTag("gen_ai.response.model", _telemetry.ModelId);
            Activity?.SetTag("gen_ai.usage.input_tokens", input);
            tags.Add("gen_ai.response.model", _telemetry.ModelId);
            RecordTokens(input, tags);
        }
        if (_failure is not null) tags.Add("error.type", _failure.GetType().FullName);
        _telemetry.OperationDuration.Record(duration.TotalSeconds, tags);
        _telemetry.RequestDuration.Record(duration.TotalSeconds, tags);
        WriteEnd(duration.TotalSeconds);
        Activity?.Dispose();
    }

    private void RecordTokens(long input, TagList tags)
    {
        Record("input", input);
        if (_usage is null) return;
        Record("output", _usage.CompletionTokens);
        if (_firstToken is { } first) _telemetry.TimeToFirstToken.Record(first.TotalSeconds, tags);
        if (_usage.CompletionTokens > 1) _telemetry.TimePerOutputToken.Record(_usage.Decode.TotalSeconds / (_usage.CompletionTokens - 1), tags);

        void Record(string type, long count)
        {
            TagList own = tags;
            own.Add("gen_ai.token.type", type);
            _telemetry.TokenUsage.Record(count, own);
        }
    }

    private void WriteEnd(double seconds)
    {
        if (_failure is OperationCanceledException || (_failure is null && _inputTokens is null)) Log.Left(_telemetry.Logger, _name, ResponseId, seconds);
        else if (_failure is not null) Log.Failed(_telemetry.Logger, _name, ResponseId, seconds, _failure.GetType().FullName, _telemetry.Sensitive ? _failure : null);
        else Log.Ended(_telemetry.Logger, _name, ResponseId, seconds, _inputTokens!.Value, _usage?.CachedTokens ?? 0, _usage?.CompletionTokens ?? 0, _finishReason);
    }

    private TagList Tags() => new()
    {
        { "gen_ai.operation.name", _name },
        { "gen_ai.provider.name", HeedTelemetry.ProviderName },
        { "gen_ai.request.model", _telemetry.ModelId },
    };
}
