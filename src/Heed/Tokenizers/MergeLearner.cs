using System.Runtime.InteropServices;

namespace Heed.Tokenizers;

/// <summary>
/// Learns byte-pair merges (Sennrich et al. 2016, arXiv 1508.07909) from counted words. Again and again the most frequent pair
/// of neighbours merges; among equals the one of the lower left id, then of the lower right id. A pair's count is kept up to date
/// where a merge changes words, and a heap, whose entries are brought up to date when they come to the top, finds the best.
/// </summary>
internal sealed class MergeLearner
{
    private readonly int[] _symbols;
    private readonly int[] _starts;
    private readonly int[] _lengths;
    private readonly long[] _weights;
    private readonly Dictionary<ulong, int> _index = [];
    private readonly PriorityQueue<int, (long Count, ulong Key)> _heap = new(new MostFrequentFirst());
    private readonly List<int> _grown = [];
    private Pair[] _pairs = new Pair[1024];

    /// <param name="words">Each word and how often it occurs.</param>
    /// <param name="byteIds">For each byte its id.</param>
    public MergeLearner(Dictionary<string, long> words, int[] byteIds)
    {
        _starts = new int[words.Count];
        _lengths = new int[words.Count];
        _weights = new long[words.Count];
        long total = words.Keys.Sum(word => (long)System.Text.Encoding.UTF8.GetByteCount(word));
        if (total > Array.MaxLength) throw new ArgumentException($"BpeTrainer.Train: the different words have {total} bytes together; need at most {Array.MaxLength}.", nameof(words));
        _symbols = new int[total];
        int at = 0, word = 0;
        foreach ((string text, long count) in words)
        {
            (_starts[word], _weights[word]) = (at, count);
            foreach (byte value in System.Text.Encoding.UTF8.GetBytes(text)) _symbols[at++] = byteIds[value];
            _lengths[word] = at - _starts[word];
            word++;
        }

        for (word = 0; word < _starts.Length; word++) CountPairs(word);
    }

    /// <summary>Queues the pairs that were counted first and forgets those that are too rare.</summary>
    public void Begin(int minFrequency) => PushGrown(minFrequency);

    /// <summary>Takes out the best pair, or says that none is left that occurs often enough.</summary>
    public bool TryPop(int minFrequency, out int left, out int right)
    {
        (left, right) = (-1, -1);
        while (_heap.TryDequeue(out int at, out (long Count, ulong Key) top))
        {
            long count = _pairs[at].Count;
            if (count == top.Count)
            {
                (left, right) = ((int)(top.Key >> 32), (int)top.Key);
                return true;
            }

            if (count >= minFrequency) _heap.Enqueue(at, (count, top.Key));
        }

        return false;
    }

    /// <summary>Merges a pair in every word that holds it.</summary>
    public void Merge(int left, int right, int made, int minFrequency)
    {
        int at = _index[Key(left, right)];
        List<int> words = _pairs[at].Words!;
        _pairs[at].Words = null;
        foreach (int word in words) MergeIn(word, left, right, made);
        _pairs[at].Count = 0; // what is left over are overlaps, as in "aaa"
        PushGrown(minFrequency);
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private void CountPairs(int word)
    {
        ReadOnlySpan<int> symbols = _symbols.AsSpan(_starts[word], _lengths[word]);
        for (int i = 0; i + 1 < symbols.Length; i++) Gain(symbols[i], symbols[i + 1], word);
    }

    private void MergeIn(int word, int left, int right, int made)
    {
        Span<int> symbols = _symbols.AsSpan(_starts[word], _lengths[word]);
        int write = 0;
        for (int read = 0; read < symbols.Length;)
        {
            if (symbols[read] != left || read + 1 == symbols.Length || symbols[read + 1] != right)
            {
                symbols[write++] = symbols[read++];
                continue;
            }

            if (write > 0)
            {
                Lose(symbols[write - 1], left, word);
                Gain(symbols[write - 1], made, word);
            }

            if (read + 2 < symbols.Length)
            {
                Lose(right, symbols[read + 2], word);
                Gain(made, symbols[read + 2], word);
            }

            symbols[write++] = made;
            read += 2;
        }

        _lengths[word] = write;
    }

    private void Lose(int left, int right, int word) => _pairs[_index[Key(left, right)]].Count -= _weights[word];

    private void Gain(int left, int right, int word)
    {
        ulong key = Key(left, right);
        ref int slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_index, key, out bool exists);
        if (!exists)
        {
            slot = _index.Count - 1;
            if (slot == _pairs.Length) Array.Resize(ref _pairs, 2 * slot);
            _pairs[slot].Key = key;
        }

        ref Pair pair = ref _pairs[slot];
        pair.Count += _weights[word];
        pair.Words ??= new List<int>(1);
        if (pair.Words.Count == 0 || pair.Words[^1] != word) pair.Words.Add(word);
        if (pair.HasGrown) return;
        pair.HasGrown = true;
        _grown.Add(slot);
    }

    private void PushGrown(int minFrequency)
    {
        foreach (int at in _grown)
        {
            ref Pair pair = ref _pairs[at];
            pair.HasGrown = false;
            if (pair.Count >= minFrequency) _heap.Enqueue(at, (pair.Count, pair.Key));
        }

        _grown.Clear();
    }

    private struct Pair
    {
        public ulong Key;
        public long Count;
        public List<int>? Words;
        public bool HasGrown;
    }

    private sealed class MostFrequentFirst : IComparer<(long Count, ulong Key)>
    {
        public int Compare((long Count, ulong Key) x, (long Count, ulong Key) y) =>
            x.Count != y.Count ? y.Count.CompareTo(x.Count) : x.Key.CompareTo(y.Key);
    }
}
