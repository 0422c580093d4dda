namespace Heed.Nn;

/// <summary>What global tokens attend with: queries, keys and values of their own.</summary>
/// <param name="Tokens">The number of global tokens: the first ones of a row or document.</param>
/// <param name="Query">hidden → heads·headDim.</param>
/// <param name="KeyValue">hidden → kvHeads·(headDim + valueDim), rows in the order keys, values.</param>
internal sealed record GlobalProjections(int Tokens, Linear Query, Linear KeyValue);
