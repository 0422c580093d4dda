using Heed.Models.Checkpoints;

namespace Heed.Cli.Converting;

/// <summary>What kind of model a path asks for.</summary>
internal enum OutputKind
{
    /// <summary>A path that ends with .gguf.</summary>
    Gguf,

    /// <summary>A path that ends with .bin.</summary>
    Llama2c,

    /// <summary>Any other path.</summary>
    Folder,
}

/// <summary>Where a command is to write a model.</summary>
/// <param name="Path">The file or folder.</param>
/// <param name="Kind">Which of the formats.</param>
internal sealed record OutputPath(string Path, OutputKind Kind)
{
    /// <summary>Takes a path and looks at what is there.</summary>
    /// <param name="path">Where to write.</param>
    /// <param name="source">What is to be read.</param>
    /// <param name="force">Whether what is there may be replaced.</param>
    /// <exception cref="CommandException">A model is there already, the wrong kind of thing, or what is to be read; or the folder takes no files.</exception>
    public static OutputPath Check(string path, Checkpoint source, bool force)
    {
        OutputKind kind = System.IO.Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".gguf" => OutputKind.Gguf,
            ".bin" => OutputKind.Llama2c,
            _ => OutputKind.Folder,
        };
        bool isFolder = kind == OutputKind.Folder;
        if (isFolder && File.Exists(path)) throw new CommandException($"{path}: this is a file; expected a path that ends with .gguf or .bin, or a folder, which may be absent.");
        if (!isFolder && Directory.Exists(path)) throw new CommandException($"{path}: this is a folder; expected a file's path.");
        OutputFile.CheckRegular(path);
        if (Same(path, source.Path) || Same(path, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(source.Path))!) && source.Format is CheckpointFormat.HuggingFace or CheckpointFormat.Heed && File.Exists(source.Path))
            throw new CommandException($"{path}: this is the model itself, which cannot be read and replaced at once; take another path.");
        if (!force && (isFolder ? File.Exists(System.IO.Path.Combine(path, "config.json")) : File.Exists(path)))
            throw new CommandException($"{path}: a model is there already: --force replaces it; or take another path.");
        if (!isFolder && System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) is { } parent)
        {
            Directory.CreateDirectory(parent);
            OutputFile.CheckWritable(parent, path);
        }
        return new OutputPath(path, kind);
    }

    private static bool Same(string a, string b) =>
        System.IO.Path.GetFullPath(a).TrimEnd(System.IO.Path.DirectorySeparatorChar) == System.IO.Path.GetFullPath(b).TrimEnd(System.IO.Path.DirectorySeparatorChar);
}
