using System.Security.Cryptography;
using Heed.Distributed;

namespace Heed.Inference;

/// <summary>
/// What ranks that share a model's matrices agree on while each of them writes the same text: the seed, what is read next, and after which pass to stop. A rank
/// that stopped alone would leave the others waiting for its share; one that read something else would make nonsense of theirs.
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

    /// <summary>Collective, before each pass: goes on if no rank is to stop, and all are to read the same after as many tokens.</summary>
    /// <param name="tokens">What is to be read.</param>
    /// <param name="known">How many tokens have been read before.</param>
    /// <exception cref="OperationCanceledException">A rank is to stop; thrown on all.</exception>
    /// <exception cref="InvalidOperationException">Ranks are about to read different tokens; thrown on all.</exception>
    public void Check(ReadOnlySpan<int> tokens, int known)
    {
        int mark = Mark(tokens, known);
        // The greatest and, negative, the least.
        Span<int> all = [_wanted.IsCancellationRequested ? 1 : 0, mark, -mark];
        ranks.AllReduce(all, Reduction.Max);
        if (all[1] != -all[2])
            throw new InvalidOperationException("Generate: the ranks that share the model are about to read different tokens; expected the same prompts, seeds, prompt caches and draft models on all of them, and processors that round alike.");
        if (all[0] == 0) return;
        _agreed.Cancel();
        _agreed.Token.ThrowIfCancellationRequested();
    }

    /// <summary>FNV-1a, without the sign.</summary>
    private static int Mark(ReadOnlySpan<int> tokens, int known)
    {
        uint mark = unchecked((2166136261u ^ (uint)known) * 16777619u);
        foreach (int token in tokens) mark = unchecked((mark ^ (uint)token) * 16777619u);
        return (int)(mark & int.MaxValue);
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
