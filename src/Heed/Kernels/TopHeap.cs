namespace Heed.Kernels;

/// <summary>
/// The greatest of a row's scores, offered in rising order of keys, as a heap with the least of them on top; of equal scores
/// those of lower keys stay. NaN counts as the greatest, -inf as nothing.
/// </summary>
/// <param name="scores">Room for <paramref name="capacity"/> scores.</param>
/// <param name="keys">Room for as many keys.</param>
/// <param name="capacity">How many are kept, 1 or more.</param>
internal unsafe struct TopHeap(float* scores, int* keys, int capacity)
{
    private int _count;

    /// <summary>The least score that is kept; -inf where there is room for more.</summary>
    public readonly float Least => _count < capacity ? float.NegativeInfinity : scores[0];

    /// <summary>The last key that is kept with the least score; +inf where there is room for more.</summary>
    public readonly float LastTie => _count < capacity ? float.PositiveInfinity : keys[0];

    public void Offer(float score, int key)
    {
        if (float.IsNaN(score))
        {
            score = float.PositiveInfinity;
        }

        if (_count == capacity)
        {
            if (score > scores[0])
            {
                Sink(score, key);
            }
        }
        else if (score > float.NegativeInfinity)
        {
            Rise(score, key);
        }
    }

    private void Rise(float score, int key)
    {
        int at = _count++;
        while (at > 0)
        {
            int above = (at - 1) / 2;
            if (!Below(score, key, above))
            {
                break;
            }

            (scores[at], keys[at]) = (scores[above], keys[above]);
            at = above;
        }

        (scores[at], keys[at]) = (score, key);
    }

    /// <summary>Puts a score in place of the least one.</summary>
    private readonly void Sink(float score, int key)
    {
        int at = 0;
        for (int child = 1; child < _count; child = (2 * at) + 1)
        {
            if (child + 1 < _count && Below(scores[child + 1], keys[child + 1], child))
            {
                child++;
            }

            if (Below(score, key, child))
            {
                break;
            }

            (scores[at], keys[at]) = (scores[child], keys[child]);
            at = child;
        }

        (scores[at], keys[at]) = (score, key);
    }

    /// <summary>Whether a score goes before the one at a place: it is less, or equal at a higher key.</summary>
    private readonly bool Below(float score, int key, int place)
        => score < scores[place] || (score == scores[place] && key > keys[place]);
}
