namespace Heed.Distributed;

/// <summary>What all communicators ask of their arguments.</summary>
internal static class CommunicatorChecks
{
    public static void Parts(string operation, int part, int all, int ranks)
    {
        if (all != (long)part * ranks)
            throw new ArgumentException($"{operation}: all has {all} elements and part {part}; expected {(long)part * ranks}, a part for each of {ranks} ranks.", nameof(all));
    }

    public static void Root(string operation, int root, int ranks)
    {
        if ((uint)root >= (uint)ranks) throw new ArgumentOutOfRangeException(nameof(root), $"{operation}: root is {root}; expected 0 to {ranks - 1}.");
    }

    public static void Partner(string operation, string argument, int partner, int rank, int ranks)
    {
        if ((uint)partner >= (uint)ranks || partner == rank)
            throw new ArgumentOutOfRangeException(argument, $"{operation}: {argument} is {partner}; expected another rank than {rank}, 0 to {ranks - 1}.");
    }

    public static void Exchanged(int sent, int received)
    {
        if (sent != received) throw new ArgumentException($"Exchange: received has {received} elements; expected the {sent} of sent.", nameof(received));
    }
}
