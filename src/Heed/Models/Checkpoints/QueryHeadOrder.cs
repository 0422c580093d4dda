namespace Heed.Models.Checkpoints;

/// <summary>
/// The order of query heads in grouped-query attention. Llama's models, and this library, let query head h use key/value
/// head ⌊h / (heads/kvHeads)⌋; some others let it use h mod kvHeads. Reordering the query rows, and the output layer's
/// columns, by <see cref="RowOrder.Expand"/> with the head's size turns one kind of checkpoint into the other.
/// </summary>
public static class QueryHeadOrder
{
    /// <summary>The heads of a model of the second kind in the order of the first.</summary>
    /// <exception cref="ArgumentException">The key/value heads do not divide the query heads.</exception>
    public static int[] FromModulo(int heads, int kvHeads)
    {
        if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0)
            throw new ArgumentException($"QueryHeadOrder: {kvHeads} key/value heads do not divide {heads} query heads.");
        int group = heads / kvHeads;
        int[] order = new int[heads];
        for (int head = 0; head < heads; head++) order[head] = head % group * kvHeads + head / group;
        return order;
    }

    /// <summary>The heads of a model of the first kind in the order of the second.</summary>
    /// <exception cref="ArgumentException">The key/value heads do not divide the query heads.</exception>
    public static int[] ToModulo(int heads, int kvHeads) => RowOrder.Inverse(FromModulo(heads, kvHeads));
}
