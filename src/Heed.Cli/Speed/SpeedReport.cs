using System.Text.Encodings.Web;
using System.Text.Json;

namespace Heed.Cli.Speed;

/// <summary>What heed bench measured of a model: one length of the prompt, one number of rows and of threads.</summary>
internal sealed record SpeedReport
{
    private static readonly JsonSerializerOptions s_options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public required string Model { get; init; }

    public required string Type { get; init; }

    public required int Threads { get; init; }

    /// <summary>The processes that share the model; the other figures are of the first one.</summary>
    public required int Ranks { get; init; }

    public required int Batch { get; init; }

    public required int PromptTokens { get; init; }

    public required int NewTokens { get; init; }

    /// <summary>Bytes of weights that one decoding step reads.</summary>
    public required long WeightBytes { get; init; }

    public required string CacheType { get; init; }

    public required long CacheBytes { get; init; }

    /// <summary>Multiply-adds of the matrices for a token.</summary>
    public required long TokenMultiplyAdds { get; init; }

    /// <summary>Milliseconds from opening the model's file until its weights are ready; null for random weights.</summary>
    public double? LoadMs { get; init; }

    /// <summary>Milliseconds from opening the model's file until the logits after one token are there; null for random weights.</summary>
    public double? FirstTokenMs { get; init; }

    /// <summary>The most memory that the process had, of mapped files what it touched; of the first measurement only.</summary>
    public double? PeakMib { get; init; }

    public required SpeedSamples Prefill { get; init; }

    public SpeedSamples? Decode { get; init; }

    /// <summary>Bytes per second that the machine reads.</summary>
    public required double Bandwidth { get; init; }

    /// <summary>Floating-point operations per second of fused multiply-adds.</summary>
    public required double Peak { get; init; }

    /// <summary>The share of the bandwidth that decoding one row reads weights with.</summary>
    public double? BandwidthShare => Decode is { } decode && Batch == 1 ? decode.Median * WeightBytes / Bandwidth : null;

    /// <summary>Operations of the prompt's products against the peak of float32; quantized products may pass 1.</summary>
    public double PeakShare => Prefill.Median * 2 * TokenMultiplyAdds / Peak;

    public string ToJson() => JsonSerializer.Serialize(this, s_options) + "\n";
}
