namespace Heed.Stories.World;

/// <summary>What a plot can do with a thing.</summary>
[Flags]
internal enum ThingUse
{
    None = 0,

    /// <summary>Owned, loved, carried about.</summary>
    Treasure = 1,

    /// <summary>So light that wind takes it.</summary>
    Light = 2,

    /// <summary>Eaten.</summary>
    Food = 4,

    /// <summary>Breaks when it falls and can be mended.</summary>
    Breakable = 8,

    /// <summary>Whatever it is: every thing will do.</summary>
    Any = 16,
}
