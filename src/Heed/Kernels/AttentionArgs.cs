namespace Heed.Kernels;

/// <summary>What <see cref="FlashAttention"/> reads and writes. Strides count floats; the memory must stay put during the call.</summary>
internal unsafe struct AttentionArgs
{
    /// <summary>Queries: component d of (batch b, query i, head h) is Query[b * QueryBatchStride + i * QueryStride + h * QueryHeadStride + d].</summary>
    public float* Query;
    public long QueryBatchStride;
    public long QueryStride;
    public long QueryHeadStride;

    /// <summary>Keys: panels as in <see cref="KvPanels"/> per (batch, kv head), or plain rows <see cref="KeyStride"/> apart.</summary>
    public float* Key;
    public long KeyBatchStride;
    public long KeyHeadStride;

    /// <summary>0 where the keys lie in panels; else the floats from one plain key to the next.</summary>
    public long KeyStride;

    /// <summary>Values: <see cref="KeyCapacity"/> rows of <see cref="ValueDim"/> floats, <see cref="ValueStride"/> apart, per (batch, kv head).</summary>
    public float* Value;
    public long ValueBatchStride;
    public long ValueHeadStride;
    public long ValueStride;

    /// <summary>The type of keys in panels and of their values, whose strides then count words as <see cref="KvLayout"/> does.</summary>
    public KvCacheType Stored;

    /// <summary>The result, laid out as the queries are, with ValueDim components.</summary>
    public float* Output;
    public long OutputBatchStride;
    public long OutputStride;
    public long OutputHeadStride;

    public int Batch;
    public int Queries;
    public int Heads;

    /// <summary>Divides Heads; query head h reads kv head h / (Heads / KvHeads).</summary>
    public int KvHeads;
    public int HeadDim;
    public int ValueDim;

    /// <summary>
    /// Key slots per batch row; every limit must be below it, or the slots roll: stored keys of a window, in whole key tiles.
    /// The last as many keys are there then.
    /// </summary>
    public int KeyCapacity;

    /// <summary>
    /// Null, or [batch, KeyCapacity / 64]: the blocks that a batch row's keys lie in, of the <see cref="BlockSlots"/> that all rows share; the
    /// batch strides are 0 then. −1 where a row has no such block.
    /// </summary>
    public int* Blocks;

    /// <summary>The slots of all blocks together, for each kv head.</summary>
    public int BlockSlots;

    public float Scale;

    /// <summary>0, or the c of c * tanh(score / c), applied to the scaled score.</summary>
    public float SoftCap;

    /// <summary>0, or the number of keys that a query sees at most, the one at its limit included.</summary>
    public int Window;

    /// <summary>[batch, query]: the last key that the query may see; -1 sees none and gives a row of zeros.</summary>
    public int* Limits;

    /// <summary>Null, or [batch]: keys before it are invisible (left padding).</summary>
    public int* FirstKeys;

    /// <summary>Null, or [batch, query]: keys before it are invisible to the query (another document's).</summary>
    public int* Firsts;

    /// <summary>The share of probabilities that are dropped, from 0 up to but excluding 1; the others are divided by what is left. Only in training.</summary>
    public float DropoutRate;

    /// <summary>Of <see cref="DropoutStream"/>; a row is ((batch * DropoutHeads) + head) * queries + query, a column a key.</summary>
    public ulong DropoutSeed;

    /// <summary>The heads that the draws count to a row of the batch: more than <see cref="Heads"/> where these are some of a model's; 0 for these.</summary>
    public int DropoutHeads;

    /// <summary>The number of a query's draws.</summary>
    internal readonly ulong DropoutRow(int batch, int head, int query) => ((((ulong)batch * (ulong)(DropoutHeads == 0 ? Heads : DropoutHeads)) + (ulong)head) * (ulong)Queries) + (ulong)query;

    /// <summary>What else changes the scores; over stored keys biases by distance, sinks and the choice alone.</summary>
    public ScoreModifiers Modifiers;

    /// <summary>Null, or what counts the work that is done.</summary>
    public AttentionCounter? Counter;

    /// <summary>Null, or [batch, head, query]: receives the ln of the softmax's denominator, a sink included; -inf where nothing is seen.</summary>
    public float* LogSumExp;

    /// <summary>How stored keys and values lie.</summary>
    internal readonly KvLayout Layout => new(Stored, HeadDim, ValueDim);

    /// <summary>The slot of a key, and of its value; of a whole tile where it is a tile's first.</summary>
    internal readonly int SlotOf(int batch, int key) => Blocks == null
        ? new KvSlots(KeyCapacity).Of(key)
        : (Blocks[((long)batch * (KeyCapacity / KvPlaces.Block)) + (key / KvPlaces.Block)] * KvPlaces.Block) + (key % KvPlaces.Block);

    /// <summary>The slots of the memory that a kv head's keys lie in.</summary>
    internal readonly int Slots => Blocks == null ? KeyCapacity : BlockSlots;

    /// <summary>The first key that the query may see.</summary>
    internal readonly int FirstVisible(int batch, int query, int limit)
    {
        int first = FirstKeys == null ? 0 : Math.Max(0, FirstKeys[batch]);
        if (Firsts != null)
        {
            first = Math.Max(first, Firsts[((long)batch * Queries) + query]);
        }

        return Window == 0 ? first : Math.Max(first, limit - Window + 1);
    }

    /// <summary>Throws where sizes disagree; returns the number of visible (query, key) pairs of one head.</summary>
    internal readonly long Check()
    {
        if (Batch < 0 || Queries < 0 || Heads < 1 || KvHeads < 1 || Heads % KvHeads != 0)
        {
            throw new ArgumentException(
                $"Attention: batch {Batch}, queries {Queries}, heads {Heads}, kv heads {KvHeads}; need kv heads that divide heads.");
        }

        if (HeadDim < 1 || ValueDim < 1 || Window < 0 || SoftCap < 0 || KeyStride < 0 || ValueStride < 1)
        {
            throw new ArgumentException(
                $"Attention: head dimension {HeadDim}, value dimension {ValueDim}, window {Window}, soft cap {SoftCap}, key stride {KeyStride}, value stride {ValueStride}; need positive dimensions and value stride, and nothing negative.");
        }

        if (!(DropoutRate >= 0f && DropoutRate < 1f))
        {
            throw new ArgumentException($"Attention: dropout rate {DropoutRate}; need one from 0 up to but excluding 1.");
        }

        if (Stored != KvCacheType.F32 && KeyStride != 0)
        {
            throw new ArgumentException($"Attention: plain keys {KeyStride} floats apart of type {Stored}; need float32, or keys in panels.");
        }

        Modifiers.Check(this);
        long pairs = 0;
        for (int b = 0; b < Batch; b++)
        {
            pairs += CheckKeys(b);
        }

        return pairs;
    }

    /// <summary>The visible pairs of one batch row and head; throws where one of its keys has no slot, or two of them have one.</summary>
    private readonly long CheckKeys(int batch)
    {
        bool rolls = KeyStride == 0 && Window > 0 && Window <= KeyCapacity && KeyCapacity % FlashAttention.TileKeys == 0;
        int least = int.MaxValue, most = -1;
        long pairs = 0;
        for (int i = 0; i < Queries; i++)
        {
            int limit = Limits[((long)batch * Queries) + i];
            if (limit < -1 || (limit >= KeyCapacity && !rolls))
            {
                throw new ArgumentException(
                    $"Attention: limit {limit} of query {i} in batch row {batch}; need one from -1 to {KeyCapacity - 1}.");
            }

            int first = FirstVisible(batch, i, limit);
            pairs += Math.Max(0, limit + 1 - first);
            if (limit >= first)
            {
                (least, most) = (Math.Min(least, first), Math.Max(most, limit));
            }
        }

        if (most >= KeyCapacity && most - least >= KeyCapacity)
        {
            throw new ArgumentException(
                $"Attention: batch row {batch} sees keys {least} to {most}; {KeyCapacity} slots that roll hold no more keys than that.");
        }

        return pairs;
    }
}
