using Heed.Tokenizers;

namespace Heed.Cli.Learning;

/// <summary>Puts a tokenizer into a model's folder, as it was where it came from one of the kind.</summary>
internal static class TokenizerFiles
{
    private const string Main = "tokenizer.json";
    private static readonly string[] s_beside = ["tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "added_tokens.json"];

    /// <summary>The tokenizer that --tokenizer names.</summary>
    /// <exception cref="CommandException">Nothing is there.</exception>
    public static Tokenizer Load(string path) =>
        Path.Exists(path) ? Tokenizer.Load(path) : throw new CommandException($"--tokenizer {path}: neither a file nor a folder is there.");

    /// <param name="folder">The model's folder.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="source">The folder or file that it was loaded from, or null for one that was made here.</param>
    public static void Write(string folder, Tokenizer tokenizer, string? source)
    {
        Directory.CreateDirectory(folder);
        string? from = source is null ? null : Directory.Exists(source) ? source : Path.GetFileName(source) == Main ? Path.GetDirectoryName(Path.GetFullPath(source)) : null;
        if (from is null || !File.Exists(Path.Combine(from, Main)))
        {
            tokenizer.SaveHuggingFace(folder);
            return;
        }
        if (Path.GetFullPath(from) == Path.GetFullPath(folder)) return;
        foreach (string name in (string[])[Main, .. s_beside])
            if (File.Exists(Path.Combine(from, name))) File.Copy(Path.Combine(from, name), Path.Combine(folder, name), overwrite: true);
    }
}
