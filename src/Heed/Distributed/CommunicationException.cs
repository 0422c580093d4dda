namespace Heed.Distributed;

/// <summary>Ranks cannot be started or cannot talk: no MPI library, one of the wrong kind, or an error that MPI reports.</summary>
public sealed class CommunicationException : Exception
{
    /// <summary>Makes one.</summary>
    public CommunicationException(string message)
        : base(message)
    {
    }
}
