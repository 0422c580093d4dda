namespace Heed.Tests;

/// <summary>What work takes when it has been done often enough to be compiled for good.</summary>
internal static class SteadyState
{
    /// <summary>
    /// The managed bytes of a round of work on this thread: the least of up to ten rounds, since on a busy machine the compiler comes late,
    /// and what it has not seen to yet may allocate.
    /// </summary>
    public static long ManagedBytes(Action round)
    {
        long least = long.MaxValue;
        for (int i = 0; i < 10 && least > 0; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
