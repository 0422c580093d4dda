using System.Runtime.InteropServices;

namespace Heed.Nn;

/// <summary>A stretch of the memory of a layer's keys and values.</summary>
/// <param name="Row">The memory's row.</param>
/// <param name="First">The first slot; the first of a panel.</param>
/// <param name="Slots">The number of slots.</param>
/// <param name="Used">How many of them hold something.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct KvRegion(int Row, int First, int Slots, int Used);
