using System.Buffers;

namespace Heed.Tokenizers;

/// <summary>A binary heap of (rank, position), lowest rank first and then leftmost, in a rented array.</summary>
internal struct MergeHeap(int capacity)
{
    private ulong[] _items = ArrayPool<ulong>.Shared.Rent(Math.Max(16, capacity));
    private int _count;

    /// <summary>How many items were ever pushed.</summary>
    public int Pushes { get; private set; }

    public void Push(int rank, int position)
    {
        if (_count == _items.Length) Grow();
        Pushes++;
        ulong item = ((ulong)(uint)rank << 32) | (uint)position;
        ulong[] items = _items;
        int at = _count++;
        while (at > 0)
        {
            int parent = (at - 1) >> 1;
            if (items[parent] <= item) break;
            items[at] = items[parent];
            at = parent;
        }

        items[at] = item;
    }

    public bool TryPop(out int rank, out int position)
    {
        (rank, position) = (0, 0);
        if (_count == 0) return false;
        ulong[] items = _items;
        (rank, position) = ((int)(items[0] >> 32), (int)items[0]);
        ulong last = items[--_count];
        int at = 0;
        while (true)
        {
            int child = (2 * at) + 1;
            if (child >= _count) break;
            if (child + 1 < _count && items[child + 1] < items[child]) child++;
            if (items[child] >= last) break;
            items[at] = items[child];
            at = child;
        }

        items[at] = last;
        return true;
    }

    /// <summary>Gives the array back; the heap must not be used afterwards.</summary>
    public void Return()
    {
        ArrayPool<ulong>.Shared.Return(_items);
        _items = [];
        _count = 0;
    }

    private void Grow()
    {
        ulong[] grown = ArrayPool<ulong>.Shared.Rent(_items.Length * 2);
        _items.AsSpan(0, _count).CopyTo(grown);
        ArrayPool<ulong>.Shared.Return(_items);
        _items = grown;
    }
}
