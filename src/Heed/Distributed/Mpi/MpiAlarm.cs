namespace Heed.Distributed.Mpi;

/// <summary>
/// Ends the process when something that must happen has not happened in time. It calls nothing of MPI, which may be what hangs. Time is
/// counted in its own ticks, so that a process that was stopped and goes on is not ended for the time it slept.
/// </summary>
internal sealed class MpiAlarm : IDisposable
{
    private const int TickMs = 100;

    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _ended = new();
    private string? _message;
    private int _ticksLeft;

    public MpiAlarm()
    {
        Thread thread = new(Tick) { IsBackground = true, Name = "MPI alarm" };
        thread.Start();
    }

    /// <summary>Prints <paramref name="text"/> and ends the process unless set anew, or switched off, within the time.</summary>
    public void Set(string text, TimeSpan time)
    {
        lock (_gate) (_message, _ticksLeft) = (text, (int)Math.Max(1, time.TotalMilliseconds / TickMs));
    }

    public void Off()
    {
        lock (_gate) _message = null;
    }

    public void Dispose() => _ended.Set();

    private void Tick()
    {
        while (!_ended.Wait(TickMs))
        {
            string? text = null;
            lock (_gate)
                if (_message is not null && --_ticksLeft <= 0) text = _message;
            if (text is null) continue;
            if (text.Length > 0) ErrorOutput.Write(text);
            NativeProcess.Exit(1);
        }
    }
}
