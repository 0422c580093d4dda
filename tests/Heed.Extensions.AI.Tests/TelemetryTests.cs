using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace Heed.Extensions.AI.Tests;

/// <summary>Metrics, traces and logs by OpenTelemetry's conventions; what is said is in none of them unless it may be.</summary>
[Collection(ModelsCollection.Name)]
public sealed class TelemetryTests(TestModels models)
{
    private const string Secret = "the blue lighthouse";

    [Fact]
    public async Task GetResponseAsync_Metrics_HaveTheConventionsNamesAndTags()
    {
        using Measurements seen = new("metrics-1");
        using HeedChatClient client = new(models.Plain, new HeedClientOptions { ModelId = "metrics-1" });
        ChatResponse response = await client.GetResponseAsync("Hello!", new() { MaxOutputTokens = 6 });
        await Should.ThrowAsync<ArgumentException>(() => client.GetResponseAsync("Hello!", new() { ModelId = "other" }));

        seen.Units.ShouldBe(new Dictionary<string, string?>
        {
            ["gen_ai.client.operation.duration"] = "s",
            ["gen_ai.client.token.usage"] = "{token}",
            ["gen_ai.server.request.duration"] = "s",
            ["gen_ai.server.time_per_output_token"] = "s",
            ["gen_ai.server.time_to_first_token"] = "s",
        }, ignoreOrder: true);
        seen.All.ShouldAllBe(m => (string)m.Tags["gen_ai.operation.name"]! == "chat" && (string)m.Tags["gen_ai.provider.name"]! == "heed");
        seen.Of("gen_ai.client.token.usage").Select(m => ((string)m.Tags["gen_ai.token.type"]!, (long)m.Value))
            .ShouldBe([("input", response.Usage!.InputTokenCount!.Value), ("output", response.Usage.OutputTokenCount!.Value)]);
        List<Measurement> durations = seen.Of("gen_ai.client.operation.duration");
        durations.Count.ShouldBe(2);
        durations[0].Value.ShouldBeInRange(1e-6, 60);
        durations[0].Tags["gen_ai.response.model"].ShouldBe("metrics-1");
        durations[0].Tags.ShouldNotContainKey("error.type");
        durations[1].Tags["error.type"].ShouldBe("System.ArgumentException");
        seen.Of("gen_ai.server.time_to_first_token").Single().Value.ShouldBeInRange(1e-6, durations[0].Value);
        seen.Of("gen_ai.server.time_per_output_token").Single().Value.ShouldBeInRange(1e-7, durations[0].Value);
        seen.Of("gen_ai.server.request.duration").Count.ShouldBe(2);
    }

    [Fact]
    public async Task GenerateAsync_Metrics_CountInputAlone()
    {
        using Measurements seen = new("metrics-2");
        using HeedEmbeddingGenerator generator = new(models.Plain, new HeedClientOptions { ModelId = "metrics-2" });
        GeneratedEmbeddings<Embedding<float>> vectors = await generator.GenerateAsync(["A dog.", "A cat."]);
        seen.All.ShouldAllBe(m => (string)m.Tags["gen_ai.operation.name"]! == "embeddings");
        Measurement tokens = seen.Of("gen_ai.client.token.usage").Single();
        ((long)tokens.Value, (string)tokens.Tags["gen_ai.token.type"]!).ShouldBe((vectors.Usage!.InputTokenCount!.Value, "input"));
        seen.Of("gen_ai.client.operation.duration").Count.ShouldBe(1);
    }

    [Fact]
    public async Task GetStreamingResponseAsync_Activity_HasTheConventionsTags()
    {
        using Activities seen = new("trace-1");
        using HeedChatClient client = new(models.Plain, new HeedClientOptions { ModelId = "trace-1" });
        ChatOptions options = new()
        {
            MaxOutputTokens = 6,
            Temperature = 0.5f,
            TopP = 0.9f,
            TopK = 20,
            Seed = 5,
            FrequencyPenalty = 0.25f,
            PresencePenalty = 0.5f,
            StopSequences = ["###"],
            ResponseFormat = ChatResponseFormat.Text,
        };
        ChatResponse response = await client.GetStreamingResponseAsync(Secret, options).ToChatResponseAsync();
        Activity activity = seen.All.Single();
        (activity.DisplayName, activity.Kind, activity.Status).ShouldBe(("chat trace-1", ActivityKind.Internal, ActivityStatusCode.Unset));
        Dictionary<string, object?> tags = activity.TagObjects.ToDictionary(StringComparer.Ordinal);
        tags["gen_ai.operation.name"].ShouldBe("chat");
        tags["gen_ai.provider.name"].ShouldBe("heed");
        tags["gen_ai.request.model"].ShouldBe("trace-1");
        tags["gen_ai.response.model"].ShouldBe("trace-1");
        tags["gen_ai.response.id"].ShouldBe(response.ResponseId);
        tags["gen_ai.response.finish_reasons"].ShouldBe(new[] { response.FinishReason!.Value.Value });
        tags["gen_ai.request.temperature"].ShouldBe(0.5);
        tags["gen_ai.request.top_p"].ShouldBe((double)0.9f);
        tags["gen_ai.request.top_k"].ShouldBe(20.0);
        tags["gen_ai.request.max_tokens"].ShouldBe(6);
        tags["gen_ai.request.seed"].ShouldBe(5L);
        tags["gen_ai.request.frequency_penalty"].ShouldBe(0.25);
        tags["gen_ai.request.presence_penalty"].ShouldBe(0.5);
        tags["gen_ai.request.stop_sequences"].ShouldBe(new[] { "###" });
        tags["gen_ai.output.type"].ShouldBe("text");
        tags["gen_ai.usage.input_tokens"].ShouldBe(response.Usage!.InputTokenCount);
        tags["gen_ai.usage.output_tokens"].ShouldBe((int)response.Usage.OutputTokenCount!.Value);
        tags.Keys.ShouldNotContain("gen_ai.input.messages");
        tags.Keys.ShouldNotContain("gen_ai.output.messages");
        string.Join(' ', tags.Values).ShouldNotContain(Secret);
    }

    [Fact]
    public async Task GetResponseAsync_SensitiveDataAllowed_IsInTheTrace()
    {
        using Activities seen = new("trace-2");
        using HeedChatClient client = new(models.WithTools, new HeedClientOptions { ModelId = "trace-2", EnableSensitiveData = true });
        ChatOptions options = new() { Seed = 1, Instructions = "Be kind.", Tools = [AIFunctionFactory.Create((bool loud) => "woof", "Bark", "Barks.")], ToolMode = ChatToolMode.RequireAny };
        ChatResponse response = await client.GetResponseAsync(Secret, options);
        Dictionary<string, object?> tags = seen.All.Single().TagObjects.ToDictionary(StringComparer.Ordinal);
        tags["gen_ai.input.messages"].ShouldBe($$"""[{"role":"user","parts":[{"type":"text","content":"{{Secret}}"}]}]""");
        tags["gen_ai.system_instructions"].ShouldBe("""[{"type":"text","content":"Be kind."}]""");
        ((string)tags["gen_ai.tool.definitions"]!).ShouldContain("\"name\":\"Bark\"");
        string output = (string)tags["gen_ai.output.messages"]!;
        output.ShouldContain("\"type\":\"tool_call\"");
        output.ShouldContain("\"finish_reason\":\"tool_call\"");
        output.ShouldContain(response.Messages[0].Contents.OfType<FunctionCallContent>().Single().CallId);
    }

    [Fact]
    public async Task GetResponseAsync_Failure_IsTheActivitysStatus()
    {
        using Activities seen = new("trace-3");
        using HeedChatClient client = new(models.Plain, new HeedClientOptions { ModelId = "trace-3" });
        await Should.ThrowAsync<NotSupportedException>(() => client.GetResponseAsync(Secret, new() { ConversationId = Secret }));
        Activity activity = seen.All.Single();
        (activity.Status, activity.StatusDescription, activity.GetTagItem("error.type")).ShouldBe((ActivityStatusCode.Error, null, "System.NotSupportedException"));
    }

    [Fact]
    public async Task Log_WithoutSensitiveData_HasNothingOfWhatIsSaid()
    {
        foreach (bool sensitive in new[] { false, true })
        {
            LogLines lines = new();
            using HeedChatClient client = new(models.Plain, new HeedClientOptions { ModelId = "log", LoggerFactory = lines, EnableSensitiveData = sensitive });
            ChatResponse response = await client.GetResponseAsync(Secret, new() { MaxOutputTokens = 6, Temperature = 0 });
            await Should.ThrowAsync<ArgumentException>(() => client.GetResponseAsync("Hello!", new() { ModelId = Secret }));
            await foreach (ChatResponseUpdate _ in client.GetStreamingResponseAsync(Secret)) break;
            string all = string.Join('\n', lines.All);
            all.Contains(Secret, StringComparison.Ordinal).ShouldBe(sensitive);
            all.ShouldContain($"Debug: chat {response.ResponseId} ended after");
            all.ShouldContain("Error: chat");
            all.ShouldContain("was left or cancelled");
        }
    }

    [Fact]
    public async Task GetStreamingResponseAsync_LeftEarly_IsMeasuredWithoutUsage()
    {
        using Measurements seen = new("metrics-3");
        using HeedChatClient client = new(models.Plain, new HeedClientOptions { ModelId = "metrics-3" });
        await foreach (ChatResponseUpdate _ in client.GetStreamingResponseAsync("Hello!")) break;
        seen.Of("gen_ai.client.operation.duration").Single().Tags.ShouldNotContainKey("error.type");
        seen.Of("gen_ai.client.token.usage").ShouldBeEmpty();
    }

    private sealed record Measurement(string Name, double Value, Dictionary<string, object?> Tags);

    /// <summary>What is measured for one model; others run at the same time.</summary>
    private sealed class Measurements : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly List<Measurement> _all = [];

        public Measurements(string model)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == HeedTelemetry.SourceName) listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.Start();

            void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
            {
                Dictionary<string, object?> all = tags.ToArray().ToDictionary(StringComparer.Ordinal);
                if ((string?)all["gen_ai.request.model"] != model) return;
                lock (_all)
                {
                    _all.Add(new Measurement(instrument.Name, value, all));
                    Units[instrument.Name] = instrument.Unit;
                }
            }
        }

        public Dictionary<string, string?> Units { get; } = [];

        public List<Measurement> All
        {
            get { lock (_all) return [.. _all]; }
        }

        public List<Measurement> Of(string name) => All.FindAll(measurement => measurement.Name == name);

        public void Dispose() => _listener.Dispose();
    }

    private sealed class Activities : IDisposable
    {
        private readonly ActivityListener _listener;
        private readonly List<Activity> _all = [];

        public Activities(string model)
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == HeedTelemetry.SourceName,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
                ActivityStopped = activity =>
                {
                    if ((string?)activity.GetTagItem("gen_ai.request.model") == model) lock (_all) _all.Add(activity);
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public IReadOnlyList<Activity> All
        {
            get { lock (_all) return [.. _all]; }
        }

        public void Dispose() => _listener.Dispose();
    }

    private sealed class LogLines : ILoggerFactory, ILogger
    {
        public List<string> All { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add($"{logLevel}: {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
