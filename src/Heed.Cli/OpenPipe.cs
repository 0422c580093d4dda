using Microsoft.Win32.SafeHandles;

namespace Heed.Cli;

/// <summary>
/// A pipe that the process was given, as a file. .NET's own stream for it would swallow the error of a closed pipe, and would first prepare a terminal that
/// is one of the other streams: mpirun gives its processes one for standard output, and nobody looks at it.
/// </summary>
internal static class OpenPipe
{
    /// <summary>The stream of a descriptor, or null where it is none, is a file, whose position other processes share, or the system is Windows.</summary>
    public static FileStream? Of(int descriptor)
    {
        if (OperatingSystem.IsWindows()) return null;
        SafeFileHandle handle = new(descriptor, ownsHandle: false);
        try
        {
            FileStream stream = new(handle, FileAccess.Write, bufferSize: 0);
            return stream.CanSeek ? null : stream;
        }
        catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
