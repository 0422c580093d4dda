using Heed.Nn;

namespace Heed.Models.Sharding;

/// <summary>Which heads, and which rows and columns of attention's matrices, are a rank's.</summary>
/// <param name="Whole">The whole model.</param>
/// <param name="Rank">The rank.</param>
/// <param name="Ranks">How many share the model.</param>
internal readonly record struct HeadCut(ModelConfig Whole, int Rank, int Ranks)
{
    /// <summary>The rank's query heads.</summary>
    public int Heads => Whole.NumHeads / Ranks;

    /// <summary>The first of them.</summary>
    public int FirstHead => Rank * Heads;

    /// <summary>The rank's key/value heads; where there are fewer than ranks, one, which its neighbours have too.</summary>
    public int KvHeads => Math.Max(1, Whole.KvHeads / Ranks);

    /// <summary>How many ranks have the same key/value heads.</summary>
    public int Sharers => Math.Max(1, Ranks / Whole.KvHeads);

    /// <summary>The rows of the layer that makes queries, keys and values.</summary>
    public MatrixSlice Qkv
    {
        get
        {
            int queries = Whole.NumHeads * Whole.HeadSize;
            return new MatrixSlice([QueryRows, .. KeyValueRows.Select(range => (queries + range.First, range.Count))]);
        }
    }

    /// <summary>The rows of a layer that makes queries alone.</summary>
    public MatrixSlice Query => new([QueryRows]);

    /// <summary>The rows of a layer that makes keys and values.</summary>
    public MatrixSlice KeyValue => new(KeyValueRows);

    /// <summary>The columns of attention's output layer.</summary>
    public (int First, int Count) OutputColumns => (FirstHead * Whole.ValueHeadSize, Heads * Whole.ValueHeadSize);

    private (int First, int Count) QueryRows => (FirstHead * Whole.HeadSize, Heads * Whole.HeadSize);

    private (int First, int Count)[] KeyValueRows
    {
        get
        {
            int first = Rank * Whole.KvHeads / Ranks, keys = Whole.KvHeads * Whole.HeadSize;
            return [(first * Whole.HeadSize, KvHeads * Whole.HeadSize), (keys + first * Whole.ValueHeadSize, KvHeads * Whole.ValueHeadSize)];
        }
    }
}
