namespace Heed.Inference.Sampling;

/// <summary>The latest tokens of a text, in one piece of memory, and how often each occurred.</summary>
internal sealed class RecentTokens
{
    private const int FirstCapacity = 256;
    // Tokens before the window that are kept so that as many of the latest can be taken back.
    private const int Spare = Drafting.Speculation.MostDraftTokens;
    private readonly int _window;
    private readonly int[] _times;
    private int[] _tokens;
    private TokenCount[] _counts = [];
    private int _length;
    private int _countedWindow;
    private int _distinct;

    /// <param name="window">How many are asked for at most; 0 for none, <see cref="int.MaxValue"/> for all.</param>
    /// <param name="vocabSize">The ids are below it.</param>
    public RecentTokens(int window, int vocabSize)
    {
        _window = window;
        _times = new int[window > 0 ? vocabSize : 0];
        _tokens = new int[window > 0 ? (int)Math.Min(2 * (window + (long)Spare), FirstCapacity) : 0];
    }

    /// <summary>How many tokens are asked for at most.</summary>
    public int Window => _window;

    /// <summary>Forgets all tokens.</summary>
    public void Clear() => (_length, _countedWindow) = (0, 0);

    /// <summary>Adds a token; ids beyond the vocabulary are passed over.</summary>
    public void Add(int token)
    {
        if (_window == 0 || (uint)token >= (uint)_times.Length) return;
        if (_length == _tokens.Length) MakeRoom();
        _tokens[_length++] = token;
        _countedWindow = 0;
    }

    /// <summary>Takes back the last tokens, at most <see cref="Drafting.Speculation.MostDraftTokens"/>; what came before them is as it was.</summary>
    public void Remove(int count)
    {
        _length = Math.Max(0, _length - count);
        _countedWindow = 0;
    }

    /// <summary>The latest tokens, as many as <paramref name="count"/> or as there are, in their order.</summary>
    public ReadOnlySpan<int> Latest(int count)
    {
        int known = Math.Min(Math.Min(count, _window), _length);
        return _tokens.AsSpan(_length - known, known);
    }

    /// <summary>How often each of the <paramref name="count"/> latest tokens occurs among them.</summary>
    public ReadOnlySpan<TokenCount> Counts(int count)
    {
        if (count == 0) return [];
        if (count != _countedWindow) CountLatest(count);
        return _counts.AsSpan(0, _distinct);
    }

    private void CountLatest(int count)
    {
        ReadOnlySpan<int> latest = Latest(count);
        if (_counts.Length < latest.Length) _counts = new TokenCount[Math.Min(_tokens.Length, _window)];
        _distinct = 0;
        foreach (int token in latest)
            if (_times[token]++ == 0) _counts[_distinct++] = new TokenCount(token, 1);
        foreach (ref TokenCount counted in _counts.AsSpan(0, _distinct))
        {
            counted = counted with { Times = _times[counted.Token] };
            _times[counted.Token] = 0;
        }
        _countedWindow = count;
    }

    /// <summary>Moves the window to the front of a buffer of twice its size; a buffer that has not that size yet grows.</summary>
    private void MakeRoom()
    {
        long kept = _window + (long)Spare;
        if (_tokens.Length < 2 * kept)
        {
            Array.Resize(ref _tokens, (int)Math.Min(2 * kept, Math.Min(2L * _tokens.Length, Array.MaxLength)));
            return;
        }
        _tokens.AsSpan(_length - (int)kept, (int)kept).CopyTo(_tokens);
        _length = (int)kept;
    }
}
