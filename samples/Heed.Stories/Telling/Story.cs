namespace Heed.Stories.Telling;

/// <summary>A told story and the scene behind it; whole, when no stage of its plot was left out.</summary>
internal sealed record Story(string Text, Scene Scene, bool Whole);
