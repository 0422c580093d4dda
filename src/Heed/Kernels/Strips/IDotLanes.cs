namespace Heed.Kernels.Strips;

/// <summary>Sixteen integer sums, one for each row of a strip, on some instruction set. All give the same numbers.</summary>
/// <typeparam name="TSum">The registers that hold the sums.</typeparam>
/// <typeparam name="TBytes">The registers that hold four weights of each row.</typeparam>
/// <typeparam name="V">The registers that hold sixteen floats.</typeparam>
internal interface IDotLanes<TSum, TBytes, V>
{
    /// <summary>The most rows of x whose sums stay in registers.</summary>
    static abstract int MaxTokens { get; }

    /// <summary>The word that <see cref="Start"/> takes for sums that begin with <paramref name="value"/>, which is even.</summary>
    static abstract int StartWord(int value);

    /// <summary>Sums that begin with the value of a <see cref="StartWord"/>.</summary>
    static abstract TSum Start(int word);

    /// <summary>sum[row] + the products of the row's four unsigned weights with four signed bytes of x.</summary>
    /// <param name="sum">The sums so far.</param>
    /// <param name="weights">Four of each row.</param>
    /// <param name="x">Four signed bytes.</param>
    static abstract TSum Dot(TSum sum, TBytes weights, int x);

    /// <summary>The sums as floats, exact.</summary>
    static abstract V ToFloat(TSum sum);
}
