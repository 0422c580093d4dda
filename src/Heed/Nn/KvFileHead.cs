namespace Heed.Nn;

/// <summary>What a saved cache's file says before the keys and values.</summary>
internal sealed class KvFileHead
{
    private const int Version = 1, ByteOrder = 0x01020304, Paged = 1, Rolling = 2, FixedBytes = 80;

    private static ReadOnlySpan<byte> Magic => "HEEDKEYS"u8;

    /// <summary>What tells the model apart; 32 bytes.</summary>
    public required byte[] Model { get; init; }

    /// <summary>What keys and values were rounded to.</summary>
    public required KvCacheType Type { get; init; }

    /// <summary>Whether rows lie in blocks.</summary>
    public required bool IsPaged { get; init; }

    /// <summary>Whether layers with a window keep the latest tokens alone.</summary>
    public required bool IsRolling { get; init; }

    /// <summary>The largest number of tokens in a row.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>The tokens of the first row, as far as whoever saved the cache has named them.</summary>
    public required int[] Tokens { get; init; }

    /// <summary>The length of each row, and one past the last position that it ever had.</summary>
    public required (int Length, int End)[] Rows { get; init; }

    /// <summary>The blocks that are stored.</summary>
    public required int Blocks { get; init; }

    /// <summary>For each row, which of the stored blocks are its.</summary>
    public required int[][] RowBlocks { get; init; }

    private long Bytes => FixedBytes + sizeof(int) * ((long)Tokens.Length + 2 * Rows.Length + RowBlocks.Sum(row => row.Length));

    /// <param name="file">Where to.</param>
    /// <param name="body">The bytes of keys and values.</param>
    public void Write(KvFile file, long body)
    {
        file.Put(Magic);
        file.Put(Version);
        file.Put(ByteOrder);
        file.Put(Bytes + body + KvFile.SumBytes);
        file.Put(Model);
        foreach (int number in (ReadOnlySpan<int>)[(int)Type, (IsPaged ? Paged : 0) | (IsRolling ? Rolling : 0), Rows.Length, MaxPositions, Tokens.Length, Blocks]) file.Put(number);
        foreach (int token in Tokens) file.Put(token);
        foreach ((int length, int end) in Rows)
        {
            file.Put(length);
            file.Put(end);
        }
        foreach (int[] row in RowBlocks)
            foreach (int block in row) file.Put(block);
    }

    /// <summary>Reads and checks all that can be checked without the model's shape.</summary>
    /// <param name="file">The file.</param>
    /// <param name="model">What tells the model apart that the cache is to be for.</param>
    /// <param name="mostPositions">The largest number of tokens that a row may have.</param>
    /// <exception cref="FileFormatException">It is no such file, cut off, damaged, of another version or another model's.</exception>
    public static KvFileHead Read(KvFile file, ReadOnlySpan<byte> model, int mostPositions)
    {
        Span<byte> magic = stackalloc byte[8], mark = stackalloc byte[32];
        if (file.Left < FixedBytes) throw file.Wrong($"this is no saved cache, or one that is cut off: it has {file.Length} bytes; expected {FixedBytes + KvFile.SumBytes} or more.");
        file.Get(magic);
        if (!magic.SequenceEqual(Magic)) throw file.Wrong("this is no saved cache.");
        int version = file.GetInt32();
        if (file.GetInt32() != ByteOrder) throw file.Wrong("the cache was written with another byte order.");
        if (version != Version) throw file.Wrong($"the cache is of version {version}; expected {Version}.");
        long length = file.GetInt64();
        if (length != file.Length) throw file.Wrong($"the cache is cut off or damaged: the file has {file.Length} bytes and says {length}.");
        file.Get(mark);
        if (!mark.SequenceEqual(model)) throw file.Wrong("the cache is another model's: shape, weights or adapters are not those that wrote it.");
        int type = file.GetInt32(), flags = file.GetInt32(), rows = file.GetInt32(), positions = file.GetInt32(), tokens = file.GetInt32(), blocks = file.GetInt32();
        bool paged = (flags & Paged) != 0;
        if (!Enum.IsDefined((KvCacheType)type) || (flags & ~(Paged | Rolling)) != 0 || rows < 1 || tokens < 0 || blocks < 0 || positions < 1 || positions > mostPositions || (!paged && blocks > 0))
            throw file.Wrong("the cache's head is damaged.");
        if (sizeof(int) * (tokens + 2L * rows) > file.Left) throw file.Wrong($"truncated: {tokens} tokens and {rows} rows take more than is left.");
        int[] ids = Numbers(file, tokens);
        (int Length, int End)[] ends = new (int, int)[rows];
        for (int i = 0; i < rows; i++) ends[i] = RowOf(file, positions);
        return new KvFileHead
        {
            Model = mark.ToArray(),
            Type = (KvCacheType)type,
            IsPaged = paged,
            IsRolling = (flags & Rolling) != 0,
            MaxPositions = positions,
            Tokens = ids,
            Rows = ends,
            Blocks = blocks,
            RowBlocks = paged ? BlocksOf(file, ends, blocks) : [],
        };
    }

    private static (int Length, int End) RowOf(KvFile file, int positions)
    {
        (int length, int end) = (file.GetInt32(), file.GetInt32());
        if (length < 0 || length > end || end > positions) throw file.Wrong($"a row has {length} tokens and an end of {end}; expected 0 to {positions}, the end not before.");
        return (length, end);
    }

    private static int[][] BlocksOf(KvFile file, (int Length, int End)[] rows, int blocks)
    {
        long named = rows.Sum(row => (long)KvCache.BlocksFor(row.Length));
        if (sizeof(int) * named > file.Left || blocks > named) throw file.Wrong($"truncated: the rows name {named} blocks of {blocks}, which take more than is left.");
        int[][] all = new int[rows.Length][];
        bool[] used = new bool[blocks];
        for (int row = 0; row < rows.Length; row++)
        {
            all[row] = Numbers(file, KvCache.BlocksFor(rows[row].Length));
            foreach (int block in all[row])
            {
                if ((uint)block >= (uint)blocks) throw file.Wrong($"row {row} names block {block}; there are {blocks}.");
                used[block] = true;
            }
        }
        if (Array.IndexOf(used, false) >= 0) throw file.Wrong("no row names one of the blocks.");
        return all;
    }

    private static int[] Numbers(KvFile file, int count)
    {
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++) numbers[i] = file.GetInt32();
        return numbers;
    }
}
