namespace Heed.Distributed;

/// <summary>How the numbers of several ranks become one.</summary>
public enum Reduction
{
    /// <summary>Their sum; bfloat16 is added up in float32 and rounded once.</summary>
    Sum,

    /// <summary>The greatest.</summary>
    Max,
}
