namespace Heed.Tensors;

/// <summary>One query of a batch row and head, among how many queries and keys it stands.</summary>
internal readonly record struct MaskRow(int Batch, int Head, int Query, int Queries, int Keys)
{
    /// <summary>The query's place among the keys: the last query stands at the last key. Negative if there are more queries than keys.</summary>
    public int Position => Query + Keys - Queries;
}
