namespace Heed.Tokenizers.Templates.Execution;

/// <summary>How it goes on after a statement.</summary>
internal enum Flow
{
    Next,
    Continue,
    Break,
}
