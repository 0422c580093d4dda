namespace Heed.MinimalApi;

/// <summary>What POST /chat takes.</summary>
/// <param name="Messages">The conversation: system, user and assistant messages.</param>
/// <param name="MaxTokens">The most tokens of the answer.</param>
/// <param name="Temperature">How freely it is chosen; 0 for the likeliest answer.</param>
internal sealed record ChatRequest(IReadOnlyList<ChatLine> Messages, int? MaxTokens = null, float? Temperature = null);

/// <summary>One message.</summary>
internal sealed record ChatLine(string Role, string Content);

/// <summary>One piece of an answer; the last one has the reason for its end.</summary>
internal sealed record ChatPiece(string Text, string? FinishReason);

/// <summary>What POST /embeddings takes.</summary>
internal sealed record EmbeddingRequest(IReadOnlyList<string> Texts);

/// <summary>What POST /embeddings gives: a vector for each text.</summary>
internal sealed record EmbeddingResponse(IReadOnlyList<float[]> Vectors, long? Tokens);
