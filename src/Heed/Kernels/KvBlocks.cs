namespace Heed.Kernels;

/// <summary>Which blocks of a memory that rows share hold their keys and values.</summary>
/// <param name="numbers">[batch, blocks of a row]; −1 where a row has none.</param>
/// <param name="slots">The slots of all blocks together.</param>
internal readonly ref struct KvBlocks(ReadOnlySpan<int> numbers, int slots)
{
    public ReadOnlySpan<int> Numbers { get; } = numbers;

    public int Slots { get; } = slots;

    /// <summary>Whether every row has memory of its own.</summary>
    public bool IsEmpty => Numbers.IsEmpty;

    /// <summary>Throws where a position up to a row's last one of these, [batch, queries], has no block.</summary>
    public void Check(string operation, in AttentionShape shape, ReadOnlySpan<int> positions)
    {
        if (IsEmpty) return;
        int perRow = shape.KeyCapacity / KvPlaces.Block;
        if (shape.KeyCapacity % KvPlaces.Block != 0 || Numbers.Length != (long)perRow * shape.Batch)
            throw new ArgumentException($"{operation}: {Numbers.Length} blocks of {KvPlaces.Block} for {shape.Batch} rows of {shape.KeyCapacity} keys.");
        for (int row = 0; row < shape.Batch; row++)
        {
            int last = -1;
            foreach (int position in positions.Slice(row * shape.Queries, shape.Queries)) last = Math.Max(last, position);
            if (last >= shape.KeyCapacity) throw new ArgumentException($"{operation}: position {last} of row {row}; its blocks hold {shape.KeyCapacity}.");
            foreach (int block in Numbers.Slice(row * perRow, (last + KvPlaces.Block) / KvPlaces.Block))
                if (block < 0 || (block + 1L) * KvPlaces.Block > Slots)
                    throw new ArgumentException($"{operation}: row {row} has block {block} before its position {last}; there are {Slots / KvPlaces.Block}.");
        }
    }
}
