using System.Runtime.InteropServices;

namespace Heed.Cli;

/// <summary>Ctrl-C and a request to terminate, made into cancellation. A second one ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration? _interrupt;
    private readonly PosixSignalRegistration? _terminate;

    /// <param name="ends">Whether the first signal ends the process, too: one that stopped in its own time would leave those that work with it waiting.</param>
    public Interruption(bool ends = false)
    {
        if (ends) return;
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, ExitCodes.Interrupted));
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, ExitCodes.Terminated));
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>What the process ends with after a signal.</summary>
    public int ExitCode { get; private set; }

    public void Dispose()
    {
        _interrupt?.Dispose();
        _terminate?.Dispose();
        _source.Dispose();
    }

    private void Stop(PosixSignalContext context, int exitCode)
    {
        if (ExitCode != ExitCodes.Ok) return;
        ExitCode = exitCode;
        context.Cancel = true;
        _source.Cancel();
    }
}
