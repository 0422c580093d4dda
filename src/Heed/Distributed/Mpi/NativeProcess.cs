using System.Runtime.InteropServices;

namespace Heed.Distributed.Mpi;

/// <summary>What .NET has no call for: pauses below a millisecond, an end that runs nobody's handlers, and variables that native code sees.</summary>
internal static partial class NativeProcess
{
    public static void Sleep(TimeSpan time)
    {
        if (OperatingSystem.IsWindows()) Thread.Sleep(1);
        else _ = Pause((uint)time.TotalMicroseconds);
    }

    /// <summary>Ends the process now, also while a library hangs in a handler.</summary>
    public static void Exit(int code)
    {
        if (OperatingSystem.IsWindows()) Environment.Exit(code);
        else ExitNow(code);
    }

    /// <summary>Sets an environment variable for native libraries, unless it is set.</summary>
    public static void SetDefault(string name, string value)
    {
        if (!OperatingSystem.IsWindows()) _ = SetVariable(name, value, 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "usleep"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Pause(uint microseconds);

    [LibraryImport("libc", EntryPoint = "_exit"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void ExitNow(int code);
}
