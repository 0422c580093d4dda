namespace Heed.Tokenizers;

/// <summary>A chat as a model reads it before it answers.</summary>
/// <param name="Ids">The ids.</param>
/// <param name="OpensReasoning">Whether they end inside a section of reasoning, which the answer then begins in.</param>
internal sealed record ChatPrompt(int[] Ids, bool OpensReasoning);
