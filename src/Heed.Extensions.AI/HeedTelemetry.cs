namespace Heed.Extensions.AI;

/// <summary>What metrics and traces are found under.</summary>
public static class HeedTelemetry
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string SourceName = "Heed.Extensions.AI";

    /// <summary>The provider that metrics, traces and metadata name.</summary>
    public const string ProviderName = "heed";
}
