using Heed.Kernels;

namespace Heed.Tensors;

/// <summary>A mask in the form that the kernels read.</summary>
/// <param name="Limits">[batch · queries]: the last key that a query sees in any head; −1 for none.</param>
/// <param name="Firsts">[batch · queries]: the first one; empty if all are 0.</param>
/// <param name="Tiles">What is seen between the two; null if everything is.</param>
internal sealed record CompiledMask(int[] Limits, int[] Firsts, MaskTiles? Tiles);
