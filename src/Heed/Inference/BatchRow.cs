using System.Diagnostics;

namespace Heed.Inference;

/// <summary>A text of a batch while it is written.</summary>
internal sealed class BatchRow(int number, GenerationRow text, TokenHistory history, GenerationOptions options)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _decodeStart;

    /// <summary>Which of the requests.</summary>
    public int Number => number;

    public GenerationRow Text => text;

    public TokenHistory History => history;

    public GenerationOptions Options => options;

    /// <summary>The tokens of its prompt, and those of them that another text had read.</summary>
    public (int All, int Cached) Prompt { get; set; }

    /// <summary>Whether it takes no further part.</summary>
    public bool HasEnded { get; set; }

    /// <summary>The prompt has been read.</summary>
    public void BeginDecode() => _decodeStart = Stopwatch.GetTimestamp();

    /// <summary>What it took up to now.</summary>
    public Usage Usage() => new(Prompt.All, Prompt.Cached, text.Tokens, Stopwatch.GetElapsedTime(_start, _decodeStart), Stopwatch.GetElapsedTime(_decodeStart));
}
