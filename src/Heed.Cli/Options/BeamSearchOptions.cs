using System.CommandLine;
using System.CommandLine.Parsing;
using Heed.Inference.Beams;

namespace Heed.Cli.Options;

/// <summary>The options that search for the likeliest texts instead of drawing one.</summary>
internal sealed class BeamSearchOptions
{
    private static readonly (string Name, BeamStopping Stopping)[] s_stoppings =
        [("full", BeamStopping.WhenFull), ("settled", BeamStopping.WhenSettled), ("never", BeamStopping.AtBound)];

    private readonly Option<int?> _beams = ValueOption.Number<int>("--beams", "Search for the likeliest text with N texts side by side, instead of drawing one.", $"a whole number, 1 to {BeamOptions.MostBeams}", value => value is >= 1 and <= BeamOptions.MostBeams);
    private readonly Option<double?> _lengthPenalty = ValueOption.Number<double>("--length-penalty", "With --beams: scores are log-probabilities over ((5 + tokens) / 6)^N; 0.6 if not given.", "a number", _ => true);
    private readonly Option<int?> _groups = ValueOption.Number<int>("--groups", "With --beams: part them into N groups, each of which shuns what those before it take.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<double?> _diversity = ValueOption.Number<double>("--diversity", "With --groups: what a token loses for each beam of the groups before that has just taken it.", "a number, 0 or more", value => value >= 0);
    private readonly Option<int?> _best = ValueOption.Number<int>("--n-best", "With --beams and --json: the N best texts, a line for each.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<BeamStopping?> _stopping = new("--early-stopping")
    {
        Description = "With --beams: end when as many texts are finished as there are beams (full), when no open one can beat them (settled), or at the bound of tokens alone (never); full if not given.",
        HelpName = "WHEN",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = ParseStopping,
    };

    public void AddTo(Command command)
    {
        Option[] all = [_beams, _lengthPenalty, _stopping, _groups, _diversity, _best];
        foreach (Option option in all) command.Add(option);
    }

    /// <summary>What the command line asks for, or null where it asks for no search.</summary>
    public BeamOptions? Read(ParseResult line)
    {
        if (line.GetValue(_beams) is not { } beams) return null;
        BeamOptions plain = new() { Beams = beams, ReturnCount = line.GetValue(_best) ?? 1, Groups = line.GetValue(_groups) ?? 1, DiversityPenalty = line.GetValue(_diversity) ?? 0 };
        return plain with { LengthPenalty = line.GetValue(_lengthPenalty) ?? plain.LengthPenalty, Stopping = line.GetValue(_stopping) ?? plain.Stopping };
    }

    /// <summary>Refuses options that contradict each other.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="json">--json.</param>
    /// <param name="others">Options that no search knows.</param>
    public void Check(CommandResult line, Option<bool> json, params ReadOnlySpan<Option> others)
    {
        if (line.GetResult(_beams) is null)
        {
            Option[] needing = [_lengthPenalty, _stopping, _groups, _diversity, _best];
            if (Array.Find(needing, option => line.GetResult(option) is not null) is { } alone) line.AddError($"{alone.Name} needs --beams.");
            return;
        }
        foreach (Option other in others)
            if (line.GetResult(other) is { Implicit: false }) line.AddError($"--beams and {other.Name} contradict each other.");
        (int count, int groups, int best) = (line.GetValue(_beams) ?? 1, line.GetValue(_groups) ?? 1, line.GetValue(_best) ?? 1);
        if (count % groups != 0) line.AddError($"--groups is {groups}; expected a divisor of {count}, the number of beams.");
        if (line.GetValue(_diversity) > 0 && groups == 1) line.AddError("--diversity needs --groups.");
        if (best > count) line.AddError($"--n-best is {best}; expected at most {count}, the number of beams.");
        if (best > 1 && !line.GetValue(json)) line.AddError("--n-best needs --json, which tells the texts apart.");
    }

    private static BeamStopping? ParseStopping(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        int found = Array.FindIndex(s_stoppings, stopping => stopping.Name == text);
        if (found >= 0) return s_stoppings[found].Stopping;
        result.AddError($"--early-stopping is '{text}'; expected {string.Join(", ", s_stoppings.Select(stopping => stopping.Name))}.");
        return null;
    }
}
