namespace Heed.Kernels.Strips;

/// <summary>Sixteen integer sums, one for each row of a strip, on some instruction set. All give the same numbers, below 2^22.</summary>
/// <typeparam name="TSum">The registers that hold the sums.</typeparam>
/// <typeparam name="TBytes">The registers that hold four weights of each row.</typeparam>
/// <typeparam name="V">The registers that hold sixteen floats.</typeparam>
internal interface IDotLanes<TSum, TBytes, V>
{
    /// <summary>The word that <see cref="Start"/> takes for sums that begin with <paramref name="value"/>, which is even.</summary>
    static abstract int StartWord(int value);

    /// <summary>Sums that begin with the value of a <see cref="StartWord"/>.</summary>
    static abstract TSum Start(int word);

    /// <summary>sum[row] + the products of the row's four unsigned weights with four signed bytes of x.</summary>
    /// <param name="sum">The sums so far.</param>
    /// <param name="weights">Four of each row.</param>
    /// <param name="x">Four signed bytes.</param>
    static abstract TSum Dot(TSum sum, TBytes weights, int x);

    /// <summary>The products alone, as <see cref="Dot"/> adds them.</summary>
    static abstract TSum Product(TBytes weights, int x);

    /// <summary>Sums that had a <see cref="Start"/> and others that had none.</summary>
    static abstract TSum Add(TSum a, TSum b);

    /// <summary>Sums that had a <see cref="Start"/>, as floats, exact, each with <see cref="SumBias.Value"/> added.</summary>
    static abstract V Biased(TSum sum);
}
