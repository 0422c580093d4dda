using System.Runtime.InteropServices;

namespace Heed.Cli.Chat;

/// <summary>
/// Ctrl-C in a chat: during an answer it stops the answer; while a person is to type, the second one in a row ends the
/// program. A request to terminate ends it always.
/// </summary>
internal sealed class ChatInterrupts : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Action _warn;
    private readonly bool _hasKeyboard;
    private readonly PosixSignalRegistration _interrupt;
    private CancellationTokenSource? _answer;
    private bool _warned;

    /// <param name="hasKeyboard">Whether a person types.</param>
    /// <param name="warn">Says that another Ctrl-C ends the program.</param>
    public ChatInterrupts(bool hasKeyboard, Action warn)
    {
        _hasKeyboard = hasKeyboard;
        _warn = warn;
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnInterrupt);
    }

    /// <summary>From here on Ctrl-C cancels <paramref name="answer"/>; null: nothing is being answered, and the next one is the first in a row.</summary>
    public void Watch(CancellationTokenSource? answer)
    {
        lock (_lock)
        {
            _answer = answer;
            _warned = false;
        }
    }

    public void Dispose() => _interrupt.Dispose();

    private void OnInterrupt(PosixSignalContext context)
    {
        lock (_lock)
        {
            // Not cancelled, the signal ends the process, as it would have without a handler.
            if (_answer is { IsCancellationRequested: false })
            {
                context.Cancel = true;
                _answer.Cancel();
            }
            else if (_answer is null && _hasKeyboard && !_warned)
            {
                context.Cancel = true;
                _warned = true;
                _warn();
            }
        }
    }
}
