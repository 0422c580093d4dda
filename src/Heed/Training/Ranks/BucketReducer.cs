using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Heed.Distributed;

namespace Heed.Training.Ranks;

/// <summary>A thread that sums up buckets over the ranks, in the order in which they are given to it, while others compute.</summary>
internal sealed class BucketReducer : IDisposable
{
    private readonly ICommunicator _ranks;
    private readonly Action<GradientBucket, ICommunicator> _reduce;
    private readonly BlockingCollection<GradientBucket> _queue = [];
    private readonly SemaphoreSlim _done = new(0);
    private readonly Thread? _thread;
    private volatile ExceptionDispatchInfo? _error;
    private volatile bool _ended;
    private int _started;

    /// <param name="ranks">A communicator of the thread's own; not disposed of.</param>
    /// <param name="reduce">What to do with a bucket.</param>
    /// <param name="overlap">Whether there is a thread; without one, a bucket is summed up by who gives it.</param>
    public BucketReducer(ICommunicator ranks, Action<GradientBucket, ICommunicator> reduce, bool overlap)
    {
        (_ranks, _reduce) = (ranks, reduce);
        if (!overlap) return;
        _thread = new Thread(Work) { Name = "gradients", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Whether buckets are summed up beside what goes on.</summary>
    public bool Overlaps => _thread is not null;

    /// <summary>Hands over a bucket; its memory is the thread's until <see cref="Finish"/>.</summary>
    public void Start(GradientBucket bucket)
    {
        _error?.Throw();
        if (_thread is null)
        {
            _reduce(bucket, _ranks);
            return;
        }
        _started++;
        _queue.Add(bucket);
    }

    /// <summary>Waits for all buckets, and throws what went wrong with one.</summary>
    public void Finish()
    {
        for (; _started > 0; _started--)
        {
            _error?.Throw();
            _done.Wait();
            _error?.Throw();
        }
    }

    /// <summary>Ends the thread. One that waits for ranks which will not come is left behind with the bucket that it works on: the job is about to end.</summary>
    public void Dispose()
    {
        _ended = true;
        _queue.CompleteAdding();
        if (_started == 0) _thread?.Join();
    }

    private void Work()
    {
        try
        {
            foreach (GradientBucket bucket in _queue.GetConsumingEnumerable())
            {
                if (_ended) return;
                _reduce(bucket, _ranks);
                // Who gave it may have failed meanwhile, and its memory is not the collector's to see.
                GC.KeepAlive(bucket);
                _done.Release();
            }
        }
#pragma warning disable CA1031 // Whatever it is, it is thrown where the step waits.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _error = ExceptionDispatchInfo.Capture(error);
            _done.Release();
        }
    }
}
