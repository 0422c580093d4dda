namespace Heed.Stories.Telling;

/// <summary>A told story and the scene behind it.</summary>
internal sealed record Story(string Text, Scene Scene);
