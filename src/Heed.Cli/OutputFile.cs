using System.Runtime.InteropServices;

namespace Heed.Cli;

/// <summary>A file that a command is to write, through another one that takes its place by its name.</summary>
internal static class OutputFile
{
    private const int CurrentFolder = -100, TypeField = 1, ModeOffset = 28, EntrySize = 256, TypeBits = 0xF000, Regular = 0x8000, Folder = 0x4000;

    /// <summary>Looks at what is there before any work is done for it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="option">What names it on the command line.</param>
    /// <exception cref="CommandException">A folder is there, or what is no file (a device, a pipe), or there is no folder for it.</exception>
    public static void Check(string path, string option)
    {
        if (Directory.Exists(path)) throw new CommandException($"{option} {path}: this is a folder; expected a file, which may be absent.");
        CheckRegular(path);
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder)) throw new CommandException($"{option} {path}: there is no folder {folder}.");
    }

    /// <summary>Looks whether a folder takes new files, before any work is done for one.</summary>
    /// <exception cref="CommandException">It does not.</exception>
    public static void CheckWritable(string folder, string path)
    {
        try
        {
            using FileStream _ = new(Path.Combine(folder, $".{Guid.NewGuid():N}.tmp"), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{path}: no file can be written to the folder {folder}.");
        }
    }

    /// <exception cref="CommandException">A device, a pipe or a socket is there, which a file would replace.</exception>
    public static void CheckRegular(string path)
    {
        if (IsSpecial(path)) throw new CommandException($"{path}: this is a device, a pipe or a socket, which a file would replace; expected a file, which may be absent.");
    }

    /// <summary>Whether something is there that is neither file nor folder. Where the system cannot be asked, nothing is.</summary>
    private static bool IsSpecial(string path)
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            byte[] entry = new byte[EntrySize];
            if (Status(CurrentFolder, path, 0, TypeField, entry) != 0) return false;
            return (BitConverter.ToUInt16(entry, ModeOffset) & TypeBits) is not (Regular or Folder);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

#pragma warning disable SYSLIB1054 // LibraryImport makes unsafe code, which this program has none of.
    [DllImport("libc", EntryPoint = "statx", ExactSpelling = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Status(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] entry);
#pragma warning restore SYSLIB1054
}
