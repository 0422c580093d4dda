namespace Heed.Tensors;

/// <summary>The sizes that a mask is compiled for.</summary>
internal readonly record struct MaskSizes(int Batch, int Heads, int Queries, int Keys);
