using System.Security.Cryptography;
using Heed.Distributed;

namespace Heed.Inference;

/// <summary>
/// What ranks that share a model's matrices agree on while each of them writes the same text: the seed, and after which pass to stop. A rank
/// that stopped alone would leave the others waiting for its share.
/// </summary>
internal sealed class WritingAgreement(ICommunicator ranks)
{
    private CancellationTokenSource _agreed = new();
    private CancellationToken _wanted;

    /// <summary>Begins a text.</summary>
    /// <param name="wanted">What this rank's caller stops it with.</param>
    /// <returns>Cancelled by <see cref="Check"/> on all ranks after the same pass.</returns>
    public CancellationToken Begin(CancellationToken wanted)
    {
        if (_agreed.IsCancellationRequested) _agreed = new CancellationTokenSource();
        _wanted = wanted;
        return _agreed.Token;
    }

    /// <summary>Collective, before each pass: goes on if no rank is to stop.</summary>
    /// <exception cref="OperationCanceledException">A rank is to stop; thrown on all.</exception>
    public void Check()
    {
        Span<int> stop = [_wanted.IsCancellationRequested ? 1 : 0];
        ranks.AllReduce(stop, Reduction.Max);
        if (stop[0] == 0) return;
        _agreed.Cancel();
        _agreed.Token.ThrowIfCancellationRequested();
    }

    /// <summary>Collective: a random number, the same on all ranks.</summary>
    public ulong Seed()
    {
        Span<byte> seed = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(seed);
        ranks.Broadcast(seed);
        return BitConverter.ToUInt64(seed);
    }
}
