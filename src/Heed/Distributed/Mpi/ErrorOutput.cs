using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Heed.Distributed.Mpi;

/// <summary>
/// Lines on standard error, each written at once. Not by .NET's console, which would first prepare the terminal that mpirun gives its processes for
/// standard output: what it sends there would stand in the middle of a text.
/// </summary>
internal static class ErrorOutput
{
    public static void Write(string line)
    {
        try
        {
            if (Console.IsErrorRedirected && !OperatingSystem.IsWindows() && WriteToPipe(line)) return;
            Console.Error.WriteLine(line);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Standard error is closed: there is nobody to tell.
        }
    }

    private static bool WriteToPipe(string line)
    {
        using SafeFileHandle handle = new(2, ownsHandle: false);
        using FileStream stream = new(handle, FileAccess.Write, bufferSize: 0);
        // A file's position is shared with other processes, which a stream of its own would not know of.
        if (stream.CanSeek) return false;
        stream.Write(Encoding.UTF8.GetBytes($"{line}\n"));
        return true;
    }
}
