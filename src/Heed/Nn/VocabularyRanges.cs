namespace Heed.Nn;

/// <summary>How the rows of a vocabulary are shared out: a stretch for each rank, the first ones a row longer where the number does not go up.</summary>
/// <param name="Count">All rows, at least as many as there are ranks.</param>
/// <param name="Ranks">The number of ranks.</param>
internal readonly record struct VocabularyRanges(int Count, int Ranks)
{
    /// <summary>The rows of the longest stretch.</summary>
    public int Widest => (Count + Ranks - 1) / Ranks;

    /// <summary>Whether all are of one length.</summary>
    public bool AreEqual => Count % Ranks == 0;

    /// <summary>A rank's first row and their number.</summary>
    public (int First, int Count) this[int rank]
    {
        get
        {
            int least = Count / Ranks, longer = Count % Ranks;
            return (rank * least + Math.Min(rank, longer), least + (rank < longer ? 1 : 0));
        }
    }
}
