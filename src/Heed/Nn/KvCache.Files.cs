using System.Runtime.InteropServices;
using Heed.Kernels;
using Heed.Tensors;

namespace Heed.Nn;

/// <content>Caches in files: what is stored goes out and comes back bit for bit; blocks that rows share once.</content>
public sealed partial class KvCache
{
    /// <summary>The blocks of so many tokens.</summary>
    internal static int BlocksFor(int tokens) => (int)(((long)tokens + KvPlaces.Block - 1) / KvPlaces.Block);

    /// <summary>Writes the cache.</summary>
    /// <param name="file">Where to.</param>
    /// <param name="model">What tells the model apart.</param>
    /// <param name="tokens">The first row's tokens, or none.</param>
    /// <exception cref="NotSupportedException">The cache holds more than keys and values of its rows' tokens.</exception>
    internal void Save(KvFile file, byte[] model, ReadOnlySpan<int> tokens)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        CheckSaves("SaveCache");
        int[] stored = [.. _rows.SelectMany(row => row.Blocks).Distinct()];
        Dictionary<int, int> numbers = [];
        for (int i = 0; i < stored.Length; i++) numbers[stored[i]] = i;
        KvFileHead head = new()
        {
            Model = model,
            Type = Type,
            IsPaged = IsPaged,
            IsRolling = _rolling.Length > 0,
            MaxPositions = MaxPositions,
            Tokens = tokens.ToArray(),
            Rows = [.. _rows.Select(row => (row.Length, Math.Max(row.Length, row.End)))],
            Blocks = stored.Length,
            RowBlocks = IsPaged ? [.. _rows.Select(row => row.Blocks.Select(block => numbers[block]).ToArray())] : [],
        };
        head.Write(file, BodyBytes(head));
        for (int layer = 0; layer < _layers.Length; layer++)
            foreach (KvRegion region in Regions(layer, head, stored)) Write(file, MemoryOf(layer), region);
        file.PutSum();
    }

    /// <summary>Fills an empty cache, which was made as the head says.</summary>
    /// <exception cref="FileFormatException">The file is not as long as the head says, or damaged.</exception>
    /// <exception cref="NotSupportedException">The model's caches are not for files.</exception>
    internal void Load(KvFile file, KvFileHead head)
    {
        CheckSaves("LoadCache");
        long body = BodyBytes(head);
        if (body != file.Left) throw file.Wrong($"the keys and values take {body} bytes; {file.Left} are left.");
        int[] taken = TakeRows(head);
        for (int layer = 0; layer < _layers.Length; layer++)
            foreach (KvRegion region in Regions(layer, head, taken)) Read(file, MemoryOf(layer), region);
        file.CheckSum();
    }

    /// <summary>Takes the memory of the rows that the head names.</summary>
    /// <returns>The blocks.</returns>
    private int[] TakeRows(KvFileHead head)
    {
        for (int row = 0; row < Batch; row++) (_rows[row].Length, _rows[row].End) = (head.Rows[row].Length, _rolling.Length > 0 || IsPaged ? head.Rows[row].End : 0);
        int longest = head.Rows.Max(row => row.End);
        if (!IsPaged)
        {
            if (longest > 0) Grow(longest, least: 1); // No more than the file brings.
            return [];
        }
        if (head.Blocks == 0) return [];
        _pool!.Demand(head.Blocks);
        int[] blocks = new int[head.Blocks];
        bool[] held = new bool[blocks.Length];
        for (int i = 0; i < blocks.Length; i++) blocks[i] = _pool.Take();
        for (int row = 0; row < Batch; row++)
        {
            foreach (int number in head.RowBlocks[row])
            {
                // Whoever takes a block holds it already.
                if (held[number]) _pool.Hold(blocks[number]);
                held[number] = true;
                _rows[row].Blocks.Add(blocks[number]);
            }
        }
        return blocks;
    }

    private StoredKeyValues MemoryOf(int layer) => _pool is null ? _layers[layer]! : _pool.Layer(layer);

    /// <summary>The bytes of all keys and values.</summary>
    private long BodyBytes(KvFileHead head)
    {
        long bytes = 0, blocks = checked((long)head.Blocks * _kvHeads * (_layout.KeyWords(KvPlaces.Block) + _layout.ValueWords(KvPlaces.Block)));
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            long slots = SlotsOf(layer, head.Rows.Max(row => row.End));
            bytes = checked(bytes + (head.IsPaged ? blocks : (long)head.Rows.Length * _kvHeads * (_layout.KeyWords(slots) + _layout.ValueWords(slots))));
        }
        return checked(bytes * sizeof(float));
    }

    /// <summary>The slots of a layer that so many tokens take.</summary>
    private int SlotsOf(int layer, int tokens) => _slots[layer].Rolls ? Math.Min(tokens, _slots[layer].Count) : tokens;

    /// <summary>Which stretches of a layer's memory are in the file, in order.</summary>
    private IEnumerable<KvRegion> Regions(int layer, KvFileHead head, int[] blocks)
    {
        if (!head.IsPaged)
        {
            // As many slots for each row, so that the file is as large as the memory that it asks for.
            int slots = SlotsOf(layer, head.Rows.Max(row => row.End));
            for (int row = 0; row < head.Rows.Length && slots > 0; row++) yield return new KvRegion(row, 0, slots, SlotsOf(layer, head.Rows[row].End));
            yield break;
        }
        int[] used = new int[blocks.Length];
        for (int row = 0; row < head.Rows.Length; row++)
        {
            for (int i = 0; i < head.RowBlocks[row].Length; i++)
            {
                int number = head.RowBlocks[row][i];
                used[number] = Math.Max(used[number], Math.Min(KvPlaces.Block, head.Rows[row].Length - i * KvPlaces.Block));
            }
        }
        for (int i = 0; i < blocks.Length; i++) yield return new KvRegion(0, blocks[i] * KvPlaces.Block, KvPlaces.Block, used[i]);
    }

    private void Write(KvFile file, StoredKeyValues stored, KvRegion region)
    {
        for (int head = 0; head < _kvHeads; head++)
        {
            ReadOnlySpan<byte> keys = Keys(stored, region, head), values = Values(stored, region, head);
            int panel = _layout.PanelWords * sizeof(float), whole = region.Used / KvPanels.Width * panel, rows = region.Used * _layout.RowWords * sizeof(float);
            file.Put(keys[..whole]);
            byte[] rest = keys[whole..].ToArray();
            Blank(rest, region.Used % KvPanels.Width);
            file.Put(rest);
            file.Put(values[..rows]);
            file.Put(new byte[values.Length - rows]);
        }
    }

    private void Read(KvFile file, StoredKeyValues stored, KvRegion region)
    {
        for (int head = 0; head < _kvHeads; head++)
        {
            file.Get(Keys(stored, region, head));
            file.Get(Values(stored, region, head));
        }
    }

    private Span<byte> Keys(StoredKeyValues stored, KvRegion region, int head)
    {
        int panels = stored.Keys.Shape[2], place = (region.Row * _kvHeads + head) * panels + region.First / KvPanels.Width;
        return MemoryMarshal.AsBytes(stored.Keys.AsSpan().Slice(place * _layout.PanelWords, KvLayout.Panels(region.Slots) * _layout.PanelWords));
    }

    private Span<byte> Values(StoredKeyValues stored, KvRegion region, int head)
    {
        int place = (region.Row * _kvHeads + head) * stored.Slots + region.First;
        return MemoryMarshal.AsBytes(stored.Values.AsSpan().Slice(place * _layout.RowWords, region.Slots * _layout.RowWords));
    }

    /// <summary>Clears the keys of panels behind the first so many: memory that nothing was written to is nobody's business.</summary>
    private void Blank(Span<byte> panels, int used)
    {
        if (used > 0)
        {
            Span<byte> first = panels[..(_layout.PanelWords * sizeof(float))];
            int size = Type == KvCacheType.Q8_0 ? 1 : Type == KvCacheType.F16 ? 2 : 4, scales = Type == KvCacheType.Q8_0 ? KvLayout.Blocks(_layout.HeadDim) : 0;
            for (int i = 0; i < scales; i++) first.Slice(i * 2 * KvPanels.Width, 2 * KvPanels.Width)[(2 * used)..].Clear();
            first = first[(scales * 2 * KvPanels.Width)..];
            for (; !first.IsEmpty; first = first[(size * KvPanels.Width)..]) first[..(size * KvPanels.Width)][(size * used)..].Clear();
            panels = panels[(_layout.PanelWords * sizeof(float))..];
        }
        panels.Clear();
    }

    private void CheckSaves(string operation)
    {
        string? problem = _mixers is not null ? $"the states of {_mixers[0].GetType().Name} layers, which are not for files"
            : Memory is not null ? "what an encoder has read, which is not for files"
            : _globals is not null ? "keys and values of global tokens' own, which are not for files"
            : _device.DType != DType.Float32 ? $"numbers of {_device}; files are for those of the CPU" : null;
        if (problem is not null) throw new NotSupportedException($"{operation}: the cache holds {problem}.");
    }
}
