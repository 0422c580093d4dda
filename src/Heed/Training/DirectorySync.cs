using System.Runtime.InteropServices;

namespace Heed.Training;

/// <summary>Brings a folder's entries to the disk, so that a renamed file stays renamed when the power fails.</summary>
internal static partial class DirectorySync
{
    private const int ReadOnly = 0;

    /// <summary>Does so where the system offers it; elsewhere, and where it fails, the system's own time must do.</summary>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        try
        {
            int handle = Open(folder, ReadOnly);
            if (handle < 0) return;
            _ = Sync(handle);
            _ = Close(handle);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}
