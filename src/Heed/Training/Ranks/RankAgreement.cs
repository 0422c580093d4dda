using System.Text;
using Heed.Distributed;

namespace Heed.Training.Ranks;

/// <summary>Lets ranks do the same at the same step where what is to be done hangs on one of them: on time, on a disk, on who wants to end.</summary>
/// <param name="ranks">All ranks; null for one alone, where nothing is asked.</param>
internal sealed class RankAgreement(ICommunicator? ranks)
{
    private const int Failed = 1, Diverged = 2;

    /// <summary>Whether there is no other rank.</summary>
    public bool IsAlone => ranks is null || ranks.Size == 1;

    /// <summary>Whether this rank writes to the disk.</summary>
    public bool IsFirst => ranks is null || ranks.Rank == 0;

    /// <summary>Whether something has gone wrong of which all ranks know, so that all can still act together.</summary>
    public bool HasFailedTogether { get; private set; }

    /// <summary>Collective: whether it is so on any rank.</summary>
    public bool Any(bool mine)
    {
        if (IsAlone) return mine;
        Span<int> value = [mine ? 1 : 0];
        ranks!.AllReduce(value, Reduction.Max);
        return value[0] != 0;
    }

    /// <summary>Collective: what rank 0 says.</summary>
    public bool OfFirst(bool mine)
    {
        if (IsAlone) return mine;
        Span<int> value = [mine ? 1 : 0];
        ranks!.Broadcast(value);
        return value[0] != 0;
    }

    /// <summary>Collective: rank 0's text.</summary>
    public string OfFirst(string mine) => IsAlone ? mine : Spread(mine, 0);

    /// <summary>Collective: throws on all ranks if one of them wants to end.</summary>
    public void ThrowIfCancelled(CancellationToken cancellation)
    {
        if (!Any(cancellation.IsCancellationRequested)) return;
        HasFailedTogether = true;
        cancellation.ThrowIfCancellationRequested();
        throw new OperationCanceledException("RunAsync: another rank was cancelled.");
    }

    /// <summary>Collective: does something that may fail on some ranks alone; then all throw, each its own error or one that tells of the other's.</summary>
    /// <param name="action">What to do; not collective itself.</param>
    /// <exception cref="RankFailedException">It failed on another rank.</exception>
    public void Together(Action action)
    {
        if (IsAlone)
        {
            action();
            return;
        }
        Exception? mine = null;
        try
        {
            action();
        }
#pragma warning disable CA1031 // Whatever it is, all ranks get to know of it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            mine = error;
        }
        int[] states = new int[ranks!.Size];
        ranks.AllGather<int>([mine is null ? 0 : mine is TrainingDivergedException ? Diverged : Failed], states);
        int first = Array.FindIndex(states, state => state != 0);
        if (first < 0) return;
        HasFailedTogether = states[first] != Diverged;
        string message = Spread(mine?.Message ?? "", first);
        if (mine is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(mine);
        throw new RankFailedException(first, message);
    }

    private string Spread(string text, int root)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Span<int> length = [bytes.Length];
        ranks!.Broadcast(length, root);
        if (ranks.Rank != root) bytes = new byte[length[0]];
        ranks.Broadcast<byte>(bytes, root);
        return Encoding.UTF8.GetString(bytes);
    }
}
