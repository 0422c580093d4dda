namespace Heed.Cli;

/// <summary>Whoever read standard output went away, as head does: time to end, with nothing to complain about.</summary>
internal sealed class ClosedOutputException(Exception inner) : IOException("standard output was closed by its reader.", inner);
