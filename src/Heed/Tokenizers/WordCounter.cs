using System.Runtime.InteropServices;

namespace Heed.Tokenizers;

/// <summary>Counts how often each word occurs in texts, on several threads: each fills a table of its own, and the tables are added up.</summary>
internal sealed class WordCounter(WordSplitter splitter, int threads, IProgress<BpeTrainingProgress>? progress)
{
    private const int BatchChars = 1 << 18;
    private readonly Dictionary<string, long> _total = new(StringComparer.Ordinal);
    private long _seen;

    public Dictionary<string, long> Count(IEnumerable<string> texts, CancellationToken cancellation)
    {
        ParallelOptions options = new() { CancellationToken = cancellation, MaxDegreeOfParallelism = threads };
        try
        {
            Parallel.ForEach(
                System.Collections.Concurrent.Partitioner.Create(Batches(texts), System.Collections.Concurrent.EnumerablePartitionerOptions.NoBuffering),
                options,
                () => new Dictionary<string, long>(StringComparer.Ordinal),
                (batch, _, counts) => CountBatch(batch, counts),
                AddUp);
        }
        catch (AggregateException error) when (error.InnerExceptions.Count == 1)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error.InnerException!);
        }

        return _total;
    }

    // Texts may be as short as a line, which is too little to hand over by itself.
    private static IEnumerable<List<string>> Batches(IEnumerable<string> texts)
    {
        List<string> batch = [];
        int chars = 0;
        foreach (string text in texts)
        {
            batch.Add(text);
            chars += text.Length;
            if (chars < BatchChars) continue;
            yield return batch;
            (batch, chars) = ([], 0);
        }

        if (batch.Count > 0) yield return batch;
    }

    private Dictionary<string, long> CountBatch(List<string> batch, Dictionary<string, long> counts)
    {
        Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> find = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        List<int> ends = [];
        long chars = 0;
        foreach (string text in batch)
        {
            ReadOnlySpan<char> rest = Utf16.Repair(text);
            chars += rest.Length;
            ends.Clear();
            if (rest.Length > 0) splitter.Split(rest, ends);
            int from = 0;
            foreach (int end in ends)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(find, rest[from..end], out _)++;
                from = end;
            }
        }

        long seen = Interlocked.Add(ref _seen, chars);
        progress?.Report(new BpeTrainingProgress(BpeTrainingPhase.Counting, seen, 0));
        return counts;
    }

    private void AddUp(Dictionary<string, long> counts)
    {
        lock (_total)
            foreach ((string word, long count) in counts) CollectionsMarshal.GetValueRefOrAddDefault(_total, word, out _) += count;
    }
}
