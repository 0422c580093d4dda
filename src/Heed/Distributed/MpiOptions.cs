using System.Globalization;

namespace Heed.Distributed;

/// <summary>How ranks under MPI wait and give up; see docs/distributed.md.</summary>
public sealed record MpiOptions
{
    /// <summary>The environment variable that sets <see cref="SilenceTimeout"/>, in seconds.</summary>
    public const string SilenceVariable = "HEED_MPI_TIMEOUT";

    /// <summary>How long a rank may be silent before the job ends, 1 s at least; 30 s unless <see cref="SilenceVariable"/> says otherwise.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than a second: ranks send six signs of life in that time.</exception>
    public TimeSpan SilenceTimeout
    {
        get;
        init => field = value.TotalSeconds >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), $"MpiOptions: SilenceTimeout is {value}; expected 1 s or more.");
    } = FromEnvironment() ?? TimeSpan.FromSeconds(30);

    /// <summary>How long to wait at the start for ranks that do not come; 120 s.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long a waiting rank keeps its core before it lets others run; 50 µs.</summary>
    public TimeSpan Spin { get; init; } = TimeSpan.FromMicroseconds(50);

    /// <summary>What goes to MPI in one call at most: its counts are ints, and so are some of its sums of bytes.</summary>
    internal int PieceBytes { get; init; } = 1 << 28;

    private static TimeSpan? FromEnvironment()
    {
        string? text = Environment.GetEnvironmentVariable(SilenceVariable);
        if (string.IsNullOrEmpty(text)) return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && seconds is >= 1 and < 1e6
            ? TimeSpan.FromSeconds(seconds)
            : throw new CommunicationException($"World: {SilenceVariable} is '{text}'; expected a number of seconds, 1 or more.");
    }
}
