using System.CommandLine;
using Heed.Cli.Learning;

namespace Heed.Cli.Options;

/// <summary>The options of commands that make a model's folder of another model.</summary>
internal sealed class ModelFolderOptions
{
    private readonly Argument<string> _model = new("MODEL") { Description = "A GGUF file, a Hugging Face or Meta folder, or a llama2.c file." };
    private readonly Option<string> _out = new("--out", "-o") { Description = "The Hugging Face folder to write.", HelpName = "DIR", Required = true };
    private readonly Option<string?> _tokenizer = ValueOption.Text("--tokenizer", "The tokenizer's file, where the model does not bring its own.", "FILE");
    private readonly Option<bool> _force = new("--force") { Description = "Replace a model that is in the folder." };

    /// <summary>Adds them; what stands between is added by the command itself.</summary>
    public void AddTo(Command command, params Symbol[] own)
    {
        command.Add(_model);
        foreach (Symbol symbol in own)
        {
            if (symbol is Argument argument) command.Add(argument);
            if (symbol is Option option) command.Add(option);
        }
        command.Add(_out);
        command.Add(_tokenizer);
        command.Add(_force);
    }

    public string Model(ParseResult line) => line.GetRequiredValue(_model);

    public string? Tokenizer(ParseResult line) => line.GetValue(_tokenizer);

    /// <summary>The folder to write to.</summary>
    /// <exception cref="CommandException">It holds a model already, is the model to be read, or a file.</exception>
    public string Folder(ParseResult line)
    {
        string folder = line.GetRequiredValue(_out);
        if (File.Exists(Path.Combine(folder, "config.json")) && !line.GetValue(_force))
            throw new CommandException($"{folder} holds a model already: --force replaces it; or take another folder.");
        if (Path.GetFullPath(folder).TrimEnd('/') == Path.GetFullPath(Model(line)).TrimEnd('/'))
            throw new CommandException($"--out {folder}: this is the model itself, which cannot be read and replaced at once; take another folder.");
        OutputFolder.Check(folder);
        return folder;
    }
}
