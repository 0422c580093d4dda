using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Heed.Cli.Options;

/// <summary>Makes options whose values are checked, and whose errors name the option, what it got and what it expects.</summary>
internal static class ValueOption
{
    /// <summary>A number in a range; null where the option is not given.</summary>
    public static Option<T?> Number<T>(string name, string description, string expected, Func<T, bool> holds, params string[] aliases)
        where T : struct, INumber<T> => new(name, aliases)
        {
            Description = description,
            HelpName = "N",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Parse(result, name, expected, holds),
        };

    /// <summary>Whole numbers, with commas between them; none where the option is not given.</summary>
    /// <param name="name">The option.</param>
    /// <param name="description">What it says.</param>
    /// <param name="expected">What each number is to be.</param>
    /// <param name="holds">Whether a number is that.</param>
    /// <param name="apart">Whether they may also be arguments of their own, one after the other.</param>
    public static Option<int[]> Numbers(string name, string description, string expected, Func<int, bool> holds, bool apart = false) => new(name)
    {
        Description = description,
        HelpName = "N,…",
        Arity = apart ? ArgumentArity.OneOrMore : ArgumentArity.ExactlyOne,
        AllowMultipleArgumentsPerToken = apart,
        CustomParser = result =>
        {
            List<int> numbers = [];
            foreach (string text in result.Tokens.SelectMany(token => token.Value.Split(',')))
            {
                if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && holds(value)) numbers.Add(value);
                else result.AddError($"{name} is '{string.Join(' ', result.Tokens.Select(token => token.Value))}'; expected {expected}, with commas between several.");
                if (result.Errors.Any()) return [];
            }
            return [.. numbers];
        },
    };

    /// <summary>A text; null where the option is not given.</summary>
    public static Option<string?> Text(string name, string description, string helpName, params string[] aliases) => new(name, aliases)
    {
        Description = description,
        HelpName = helpName,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (text.Length == 0) result.AddError($"{name} is empty; expected {helpName}.");
            return text;
        },
    };

    private static T? Parse<T>(ArgumentResult result, string name, string expected, Func<T, bool> holds)
        where T : struct, INumber<T>
    {
        string text = result.Tokens[0].Value;
        if (T.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out T value)
            && T.IsFinite(value) && holds(value)) return value;
        result.AddError($"{name} is '{text}'; expected {expected}.");
        return null;
    }
}
