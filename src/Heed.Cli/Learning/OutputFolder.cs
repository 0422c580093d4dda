namespace Heed.Cli.Learning;

/// <summary>A folder that a command is to write to.</summary>
internal static class OutputFolder
{
    /// <exception cref="CommandException">A file is in its place.</exception>
    public static void Check(string path)
    {
        if (File.Exists(path)) throw new CommandException($"--out {path}: this is a file; expected a folder, which may be absent.");
    }
}
