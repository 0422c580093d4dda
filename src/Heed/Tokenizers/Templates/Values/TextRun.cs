namespace Heed.Tokenizers.Templates.Values;

/// <summary>Characters of one origin, from where the run before ends.</summary>
internal readonly record struct TextRun(int End, TextOrigin Origin);
