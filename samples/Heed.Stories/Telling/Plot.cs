using Heed.Stories.World;

namespace Heed.Stories.Telling;

/// <summary>
/// A skeleton: templates told one after the other between the opening and the end, and what may be asked about it afterwards.
/// </summary>
internal sealed record Plot(string Name, IReadOnlyList<Theme> Themes, IReadOnlyList<string> Stages)
{
    /// <summary>What its thing must be good for; none, where the plot has no thing.</summary>
    public ThingUse Uses { get; init; }

    /// <summary>The stages that a short telling leaves out: the first of them, or the first two, …</summary>
    public IReadOnlyList<int> Spare { get; init; } = [];

    public bool Outdoors { get; init; }

    /// <summary>The plot itself says who the friend is and what the weather does.</summary>
    public bool OwnFriend { get; init; }

    public bool OwnWeather { get; init; }

    public IReadOnlyList<(string Ask, string Answer)> Questions { get; init; } = [];
}
