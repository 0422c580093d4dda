using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Heed.Kernels.Strips;

/// <summary>Numbers of eight bits, less 128: one line a group.</summary>
internal readonly unsafe struct CenteredBytes : IStripQuants
{
    public static int Bytes => 512;

    public static int Zero => 128;

    public static int Max => 255;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Groups<TLanes, TBytes>(byte* block, int pair, out TBytes even, out TBytes odd) where TLanes : struct, IByteLanes<TBytes>
    {
        even = TLanes.Load(block + (128 * pair));
        odd = TLanes.Load(block + (128 * pair) + 64);
    }

    public static int Read(byte* block, int row, int column) => block[(64 * (column >> 2)) + (4 * row) + (column & 3)];

    public static void Write(byte* block, uint* lines)
    {
        for (int i = 0; i < Bytes; i += 16) Vector128.Load((byte*)lines + i).Store(block + i);
    }
}
