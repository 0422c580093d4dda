namespace Heed.Stories.World;

/// <summary>
/// Where a story happens: noun, "in the forest", "through the forest", spots ("under the old oak") and sights ("the mushrooms").
/// </summary>
internal sealed record Place(string Noun, string In, string Across, string[] Spots, string[] Sights, bool Indoors = false);
