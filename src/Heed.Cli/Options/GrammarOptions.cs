using System.CommandLine;
using Heed.Inference;
using Heed.Inference.Grammars;

namespace Heed.Cli.Options;

/// <summary>The options that say what the text must look like; at most one of them may be given.</summary>
internal sealed class GrammarOptions
{
    private const long MaxBytes = 8 << 20;
    private readonly Option<bool> _json = new("--json-output") { Description = "Write JSON, and nothing but one JSON text." };
    private readonly Option<string?> _schema = ValueOption.Text("--schema", "Write JSON that the JSON Schema in FILE allows.", "FILE");
    private readonly Option<string?> _regex = ValueOption.Text("--regex", "Write a text that the regular expression matches as a whole.", "RE");
    private readonly Option<string?> _grammar = ValueOption.Text("--grammar", "Write a text of the grammar in FILE, which is in GBNF.", "FILE");

    public void AddTo(Command command)
    {
        Option[] all = [_json, _schema, _regex, _grammar];
        foreach (Option option in all) command.Add(option);
        command.Validators.Add(result =>
        {
            string[] given = [.. all.Where(option => result.GetResult(option) is { Implicit: false }).Select(option => option.Name)];
            if (given.Length > 1) result.AddError($"{string.Join(" and ", given)} cannot hold at the same time; give one of them.");
        });
    }

    /// <summary><paramref name="options"/> with the grammar that the command line names.</summary>
    /// <exception cref="CommandException">It cannot be read or used.</exception>
    public GenerationOptions Apply(ParseResult line, GenerationOptions options)
    {
        try
        {
            if (line.GetValue(_json)) return options with { Grammar = Grammar.Json };
            if (line.GetValue(_schema) is { } schema) return options with { Grammar = Grammar.FromSchema(Read(schema)) };
            if (line.GetValue(_regex) is { } regex) return options with { Grammar = Grammar.FromRegex(regex) };
            if (line.GetValue(_grammar) is { } grammar) return options with { Grammar = Grammar.FromGbnf(Read(grammar)) };
        }
        catch (GrammarException e)
        {
            string? file = line.GetValue(_schema) ?? line.GetValue(_grammar);
            throw new CommandException(file is null ? e.Message : $"{file}: {e.Message}");
        }
        return options;
    }

    private static string Read(string path)
    {
        if (!File.Exists(path)) throw new CommandException($"{path}: the file does not exist.");
        if (new FileInfo(path).Length > MaxBytes) throw new CommandException($"{path}: the file has more than {MaxBytes} bytes.");
        return File.ReadAllText(path);
    }
}
