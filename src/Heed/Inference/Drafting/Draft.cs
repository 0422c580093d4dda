namespace Heed.Inference.Drafting;

/// <summary>Guessed tokens, and where they were drawn at random the probabilities that they were drawn by.</summary>
internal sealed class Draft(int capacity, int vocabSize)
{
    private readonly int[] _tokens = new int[capacity];
    private readonly double[]?[] _probabilities = new double[]?[capacity];
    private int _sampled;

    public int Count { get; private set; }

    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Count);

    public void Clear() => (Count, _sampled) = (0, 0);

    /// <summary>Adds a token that is certain once the text before it is.</summary>
    public void Add(int token) => _tokens[Count++] = token;

    /// <summary>Room for the probabilities of the next token's place, by token.</summary>
    public Span<double> NextProbabilities() => _probabilities[Count] ??= new double[vocabSize];

    /// <summary>Adds a token that was drawn by <see cref="NextProbabilities"/>.</summary>
    public void AddSampled(int token)
    {
        Add(token);
        _sampled = Count;
    }

    /// <summary>The token in a place of the draft, which the model is to choose by; none behind the last one.</summary>
    public DraftedToken At(int index) => index < _sampled ? new DraftedToken(_tokens[index], _probabilities[index]) : default;
}
