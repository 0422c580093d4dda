namespace Heed.Cli;

/// <summary>What the process tells the shell at its end.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>The work failed; one line on standard error says why.</summary>
    public const int Error = 1;

    /// <summary>The command line makes no sense.</summary>
    public const int Usage = 2;

    /// <summary>Ended by Ctrl-C: 128 and the signal's number, as shells count.</summary>
    public const int Interrupted = 130;

    /// <summary>Whoever read standard output went away: 128 and SIGPIPE's number.</summary>
    public const int ClosedPipe = 141;

    /// <summary>Asked to end: 128 and SIGTERM's number.</summary>
    public const int Terminated = 143;
}
