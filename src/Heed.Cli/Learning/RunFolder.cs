using Heed.Training;

namespace Heed.Cli.Learning;

/// <summary>The folder of a run, and whether one may begin or go on there.</summary>
internal sealed class RunFolder(string path, bool resumes, bool forces) : IDisposable
{
    private IDisposable? _lock;

    private static readonly string[] s_models = ["config.json", "adapter_config.json"];

    public string Root { get; } = Path.GetFullPath(path);

    /// <summary>As the command line gives it.</summary>
    public string Name => path;

    public bool Resumes => resumes;

    public string State => Path.Combine(Root, "training");

    /// <summary>The text as ids, written once.</summary>
    public string Tokens => Path.Combine(State, "text.tokens");

    public string ValidationTokens => Path.Combine(State, "validation.tokens");

    /// <summary>Checks, before anything else is done, that the folder is what the command line takes it for; nothing is changed.</summary>
    /// <exception cref="CommandException">It holds a run or a model that would be lost, or none that could go on.</exception>
    public void Check()
    {
        OutputFolder.Check(path);
        bool holdsRun = HoldsRun();
        if (resumes && !holdsRun) throw new CommandException($"--resume: {path} holds no run to go on with; leave --resume out to begin one.");
        if (resumes || forces) return;
        if (holdsRun) throw new CommandException($"{path} holds a run already: --resume goes on with it, --force begins again and loses it.");
        if (s_models.Any(name => File.Exists(Path.Combine(Root, name))))
            throw new CommandException($"{path} holds a model already: --force replaces it; or take another folder.");
    }

    /// <summary>Makes the folder, keeps others out of it until <see cref="Release"/>, takes an earlier run away, and writes what a model's folder has beside the weights.</summary>
    /// <param name="write">Writes it; where that fails, no part of a run is left behind.</param>
    /// <exception cref="CommandException">The folder cannot be written to, better now than at the first checkpoint; or a training is running in it.</exception>
    public void Begin(Action<string> write)
    {
        TrainingFolder folder = new(Root);
        try
        {
            Make();
            Take(folder);
            if (resumes) return;
            foreach (string file in Entries())
            {
                if (Directory.Exists(file)) Directory.Delete(file, recursive: true);
                else File.Delete(file);
            }
            write(Root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"--out {path}: the folder cannot be written to: {e.Message}");
        }
    }

    /// <summary>Checks that a process sees what the first one has in the folder.</summary>
    /// <param name="file">What must be there.</param>
    /// <exception cref="CommandException">It is not: the folder is on a disk of the first one's own.</exception>
    public void RequireShared(string file)
    {
        if (!Path.Exists(file))
            throw new CommandException($"--out {path}: on {Environment.MachineName} there is no {file}, which the first process has; expected a folder on a disk that all processes share.");
    }

    /// <summary>Lets the trainer have the folder, which locks it itself.</summary>
    public void Release()
    {
        _lock?.Dispose();
        _lock = null;
    }

    public void Dispose() => Release();

    private void Make()
    {
        try
        {
            Directory.CreateDirectory(State);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // The system's text says that a file cannot be found, and means that none can be made.
            throw new CommandException($"--out {path}: the folder cannot be made.");
        }
    }

    private void Take(TrainingFolder folder)
    {
        try
        {
            _lock = folder.Lock();
        }
        catch (IOException e)
        {
            throw new CommandException($"--out {path}: {e.Message}");
        }
    }

    private bool HoldsRun() => Entries().Length > 0;

    /// <summary>What is in the state's folder; a lock that nobody holds is nothing.</summary>
    private string[] Entries() => Directory.Exists(State) ? [.. Directory.GetFileSystemEntries(State).Where(entry => Path.GetFileName(entry) != "lock")] : [];
}
