namespace Heed.Training;

/// <summary>A folder's checkpoints do not go on into the run that is asked for; the message says why.</summary>
public sealed class ResumeException : InvalidOperationException
{
    /// <summary>Makes an error without a reason.</summary>
    public ResumeException()
        : this("The checkpoint belongs to another run.")
    {
    }

    /// <summary>Makes an error.</summary>
    /// <param name="message">Why.</param>
    public ResumeException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an error with another underneath.</summary>
    /// <param name="message">Why.</param>
    /// <param name="inner">The error underneath.</param>
    public ResumeException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
