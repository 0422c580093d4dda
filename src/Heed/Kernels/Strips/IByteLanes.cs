namespace Heed.Kernels.Strips;

/// <summary>Sixty-four bytes, four for each of a strip's sixteen rows, on some instruction set.</summary>
/// <typeparam name="TBytes">The registers that hold them.</typeparam>
internal unsafe interface IByteLanes<TBytes>
{
    static abstract TBytes Load(byte* source);

    static abstract TBytes And(TBytes bytes, byte mask);

    static abstract TBytes Or(TBytes a, TBytes b);

    /// <summary>Shifts pairs of bytes right: what comes over from the neighbour must be masked away.</summary>
    static abstract TBytes ShiftRight(TBytes bytes, int count);

    /// <summary>Shifts pairs of bytes left: what goes over to the neighbour must be masked away.</summary>
    static abstract TBytes ShiftLeft(TBytes bytes, int count);

    /// <summary>table[byte] for bytes 0 to 15.</summary>
    static abstract TBytes Lookup(byte* table, TBytes indices);
}
