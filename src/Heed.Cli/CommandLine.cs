using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Heed.Cli.Commands;
using Heed.Cli.Parallel;
using Heed.Distributed;

namespace Heed.Cli;

/// <summary>Takes the command line apart, runs the command, and makes every failure a line on standard error and an exit code.</summary>
internal sealed class CommandLine(Terminal terminal, Ranks ranks)
{
    private const string DebugVariable = "HEED_DEBUG";
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Show where an error comes from.", Recursive = true };

    public async Task<int> RunAsync(string[] args)
    {
        RootCommand root = CreateRoot();
        ParseResult line;
        try
        {
            line = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        }
        catch (InvalidOperationException e)
        {
            // Checks of options against each other come before those of each, and this is what reading a value that is none throws.
            return Refuse(e.Message, args.FirstOrDefault(arg => root.Subcommands.Any(command => command.Name == arg)) is { } name ? $"heed {name}" : "heed");
        }
        HideParentsArguments(line);
        if (UsageError(line) is { } problem) return Refuse(problem, PathOf(line.CommandResult));
        if (ranks.AreSeveral && line.Action is not HelpAction && !Ranks.Shares(PathOf(line.CommandResult)))
            return Refuse($"{PathOf(line.CommandResult)} works in one process, and {ranks.Count} were started; start it without mpirun.", PathOf(line.CommandResult));
        try
        {
            InvocationConfiguration configuration = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            // The one that talks has the console, which is not opened before it is needed.
            if (!ranks.Talks) configuration.Output = TextWriter.Null;
            return await line.InvokeAsync(configuration);
        }
        catch (ClosedOutputException e)
        {
            if (ranks.AreSeveral) Communicators.Fail(ranks.World, e.Message);
            return ExitCodes.ClosedPipe;
        }
        catch (Exception e) when (e is not OutOfMemoryException || !Debugging(line))
        {
            return Report(e, line);
        }
    }

    private int Refuse(string problem, string command)
    {
        terminal.Error(problem);
        terminal.Write($"Try '{command} --help'.\n");
        return ExitCodes.Usage;
    }

    private RootCommand CreateRoot()
    {
        RootCommand root = new("heed runs and trains Llama-family language models, in any common format: complete, chat, inspect, train, fine-tune, quantize, measure.");
        root.Directives.Clear();
        root.Add(_verbose);
        root.Add(CompleteCommand.Create(terminal, ranks));
        root.Add(ChatCommand.Create(terminal, ranks));
        root.Add(FillCommand.Create(terminal));
        root.Add(InspectCommand.Create(terminal));
        root.Add(TrainCommand.Create(terminal, ranks));
        root.Add(FinetuneCommand.Create(terminal));
        root.Add(EvalCommand.Create(terminal));
        root.Add(MergeCommand.Create(terminal));
        root.Add(RegroupCommand.Create(terminal));
        root.Add(QuantizeCommand.Create(terminal));
        root.Add(ConvertCommand.Create(terminal));
        root.Add(TokenizerCommand.Create(terminal));
        root.Add(AttentionCommand.Create());
        root.Add(CompareCommand.Create(terminal));
        root.Add(ScalingCommand.Create(terminal));
        root.Add(BenchCommand.Create(ranks));
        root.SetAction(line => new HelpAction().Invoke(line));
        return root;
    }

    /// <summary>A command's help is about its own arguments; those of the commands above it would stand in its usage too.</summary>
    private static void HideParentsArguments(ParseResult line)
    {
        for (SymbolResult? parent = line.CommandResult.Parent; parent is CommandResult above; parent = above.Parent)
            foreach (Argument argument in above.Command.Arguments) argument.Hidden = true;
    }

    /// <summary>What is wrong with the command line, or null. An unknown option would otherwise pass for a prompt.</summary>
    private static string? UsageError(ParseResult line)
    {
        if (line.Action is HelpAction) return null;
        bool literal = false;
        foreach (Token token in line.Tokens)
        {
            if (token.Type == TokenType.DoubleDash) literal = true;
            if (token.Type == TokenType.Argument && !literal && LooksLikeOption(token.Value) && !IsValueOfOption(line, token))
                return $"there is no option '{token.Value}' (after -- it would be taken as text).";
        }
        if (line.Errors.Count == 0) return null;
        if (line.UnmatchedTokens.Count > 0 && line.CommandResult.Parent is not null)
            return $"'{line.UnmatchedTokens[0]}' is one argument too many; put a text with spaces in quotes.";
        if (line.UnmatchedTokens.Count > 0) return $"there is no command '{line.UnmatchedTokens[0]}'.";
        return line.Errors[0].Message;
    }

    private static bool LooksLikeOption(string text) =>
        text.Length > 1 && text[0] == '-' && char.IsAsciiLetter(text.TrimStart('-') is { Length: > 0 } name ? name[0] : ' ') && !text.Any(char.IsWhiteSpace);

    private static bool IsValueOfOption(ParseResult line, Token token) =>
        line.CommandResult.Children.OfType<OptionResult>().Any(option => option.Tokens.Any(value => ReferenceEquals(value, token)));

    private static string PathOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{PathOf(parent)} {command.Command.Name}" : "heed";

    private bool Debugging(ParseResult line) => line.GetValue(_verbose) || Environment.GetEnvironmentVariable(DebugVariable) is { Length: > 0 } and not "0";

    private int Report(Exception e, ParseResult line)
    {
        bool expected = ErrorText.IsExpected(e);
        string message = ErrorText.Of(e);
        // The others wait for this one, and would for ever.
        if (ranks.AreSeveral) Communicators.Fail(ranks.World, e, Debugging(line) ? e.ToString() : message);
        terminal.Error(expected ? message : $"{e.GetType().Name}: {message}");
        if (Debugging(line)) terminal.Write(e + "\n");
        else if (!expected) terminal.Write("This should not happen; --verbose shows where it did.\n");
        return e is CommandException { ExitCode: var code } ? code : ExitCodes.Error;
    }
}
