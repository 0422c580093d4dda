namespace Heed.Nn;

/// <summary>One row of a cache.</summary>
internal sealed class KvRow
{
    /// <summary>The number of tokens stored.</summary>
    public int Length;

    /// <summary>One past the last position that was ever stored since the row was empty; what it pushed out of layers that keep the latest tokens alone stays out.</summary>
    public int End;

    /// <summary>The blocks that its tokens lie in, where rows share blocks.</summary>
    public List<int> Blocks { get; } = [];
}
