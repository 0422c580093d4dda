using System.CommandLine;
using Heed.Training.Data;

namespace Heed.Cli.Options;

/// <summary>The options that say which text is read, and what a document is.</summary>
internal sealed class TextOptions
{
    private readonly Argument<string[]> _files = new("FILE")
    {
        Description = "Text files in UTF-8, .jsonl files with a \"text\" on each line, or folders of such.",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string?> _documents = ValueOption.Text("--documents", "What a document is in a text file: file (the whole of it, if not given), blank-line, line, or separator.", "RULE");
    private readonly Option<string?> _separator = ValueOption.Text("--separator", "The line that stands between documents.", "TEXT");

    public TextOptions()
    {
        _documents.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && Rule(token.Value) is null) result.AddError($"--documents is '{token.Value}'; expected file, blank-line, line or separator.");
        });
    }

    public void AddTo(Command command)
    {
        command.Add(_files);
        command.Add(_documents);
        command.Add(_separator);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_separator) is not null && result.GetValue(_documents) is not (null or "separator"))
                result.AddError("--separator goes with --documents separator only.");
        });
    }

    /// <summary>The files of the command line.</summary>
    /// <exception cref="CommandException">One does not exist.</exception>
    public TextSource Source(ParseResult line) => Source(line, line.GetRequiredValue(_files));

    /// <summary>Other files, read by the same rule.</summary>
    public TextSource Source(ParseResult line, params string[] files)
    {
        DocumentRule rule = line.GetValue(_separator) is not null ? DocumentRule.SeparatorLine : Rule(line.GetValue(_documents) ?? "file")!.Value;
        TextSourceOptions options = new() { Documents = rule };
        if (line.GetValue(_separator) is { } separator) options = options with { Separator = separator };
        try
        {
            return new TextSource(files, options);
        }
        catch (FileNotFoundException e)
        {
            throw new CommandException(Directory.Exists(e.FileName) ? $"{e.FileName}: the folder holds no *.txt, *.md or *.jsonl." : $"{e.FileName}: neither a file nor a folder is there.");
        }
    }

    private static DocumentRule? Rule(string name) => name switch
    {
        "file" => DocumentRule.File,
        "blank-line" => DocumentRule.BlankLine,
        "line" => DocumentRule.Line,
        "separator" => DocumentRule.SeparatorLine,
        _ => null,
    };
}
