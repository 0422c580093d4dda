namespace Heed.Models.Checkpoints;

/// <summary>Files of a folder that appear together, once all of them are complete.</summary>
internal static class FolderFiles
{
    /// <summary>
    /// Writes each file beside its place and then renames all; files of the same names are replaced, others stay.
    /// </summary>
    /// <param name="folder">Where to; made if it is absent.</param>
    /// <param name="files">The names, and what writes a file to the path that it is given. Renamed in this order.</param>
    /// <exception cref="IOException">A file cannot be written; what was there stays.</exception>
    public static void Write(string folder, params (string Name, Action<string> Write)[] files)
    {
        bool isNew = !Directory.Exists(folder);
        Directory.CreateDirectory(folder);
        string mark = $".{Guid.NewGuid():N}.tmp";
        try
        {
            foreach ((string name, Action<string> write) in files) write(Temporary(name));
            foreach ((string name, _) in files) ToDisk(Temporary(name));
            foreach ((string name, _) in files) File.Move(Temporary(name), Path.Combine(folder, name), overwrite: true);
        }
        finally
        {
            foreach ((string name, _) in files) File.Delete(Temporary(name));
            if (isNew && !Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder);
        }

        string Temporary(string name) => Path.Combine(folder, name + mark);
    }

    // A rename that reaches the disk before the file's content would leave an empty file after a power cut.
    private static void ToDisk(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
    }
}
