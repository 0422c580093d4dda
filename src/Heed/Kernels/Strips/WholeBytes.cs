using System.Runtime.CompilerServices;

namespace Heed.Kernels.Strips;

/// <summary>Numbers of eight bits as they are: one line a group, as <see cref="CenteredBytes"/>.</summary>
internal readonly unsafe struct WholeBytes : IStripQuants
{
    public static int Bytes => CenteredBytes.Bytes;

    public static int Zero => 0;

    public static int Max => 255;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Groups<TLanes, TBytes>(byte* block, int pair, out TBytes even, out TBytes odd) where TLanes : struct, IByteLanes<TBytes> =>
        CenteredBytes.Groups<TLanes, TBytes>(block, pair, out even, out odd);

    public static int Read(byte* block, int row, int column) => CenteredBytes.Read(block, row, column);

    public static void Write(byte* block, uint* lines) => CenteredBytes.Write(block, lines);
}
