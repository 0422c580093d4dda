namespace Heed.Nn;

/// <summary>What a block needs to know of a call besides its input: either a cache to store to and attend over, or the rows themselves.</summary>
internal readonly ref struct ForwardPass
{
    /// <summary>Tokens that are added to a cache.</summary>
    public ForwardPass(ReadOnlySpan<int> positions, KvCache cache, int length)
    {
        Positions = positions;
        Cache = cache;
        Length = length;
        Memory = cache.Memory;
    }

    /// <summary>Rows that attend to one another.</summary>
    public ForwardPass(OwnRows rows, CrossMemory? memory = null)
    {
        Memory = memory;
        Positions = rows.Positions;
        Rows = rows;
        Length = rows.Length;
    }

    /// <summary>One per row of batch × seq; −1 is padding.</summary>
    public ReadOnlySpan<int> Positions { get; }

    /// <summary>The longest row, this call's tokens included.</summary>
    public int Length { get; }

    /// <summary>What earlier calls have stored, or null.</summary>
    public KvCache? Cache { get; }

    /// <summary>What an encoder has made of the rows' sources, or null where there is none.</summary>
    public CrossMemory? Memory { get; }

    /// <summary>The rows that attend to one another, or null. Their activations may be needed later, so nothing is written over.</summary>
    public OwnRows? Rows { get; }

    /// <summary>Whether this is a step of training, which has dropout and a batch's own statistics.</summary>
    public bool IsTraining => Rows is { IsTraining: true };
}
