using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text;
using Heed.Inference;
using Heed.Tokenizers;

namespace Heed.Cli.Options;

/// <summary>The options that make single tokens likelier, less likely or impossible.</summary>
internal sealed class TokenOptions
{
    private readonly Option<Dictionary<int, float>?> _bias = new("--logit-bias")
    {
        Description = "Add N to the logit of the token with this number; -inf bans it. May be given several times.",
        HelpName = "ID=N",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = Biases,
    };
    private readonly Option<string[]> _ban = new("--ban")
    {
        Description = "Never write the tokens that are this text, with or without a space before it, or the token with this number; may be given several times.",
        HelpName = "TEXT|ID",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    public TokenOptions() => _ban.Validators.Add(result =>
    {
        if (result.Tokens.Any(token => token.Value.Length == 0)) result.AddError("--ban is empty; expected a token's text or its number.");
    });

    public IReadOnlyList<Option> All => [_bias, _ban];

    /// <summary><paramref name="options"/> with what the command line says of tokens.</summary>
    /// <exception cref="CommandException">A token is not in the vocabulary.</exception>
    public GenerationOptions Apply(ParseResult line, Tokenizer tokenizer, GenerationOptions options)
    {
        if (line.GetValue(_bias) is { } bias) options = options with { LogitBias = bias };
        if (line.GetValue(_ban) is { Length: > 0 } banned) options = options with { BannedTokens = [.. banned.SelectMany(text => Ids(tokenizer, text))] };
        return options;
    }

    private static IReadOnlyList<int> Ids(Tokenizer tokenizer, string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id)) return [id];
        byte[] plain = Encoding.UTF8.GetBytes(text), spaced = Encoding.UTF8.GetBytes($" {text}");
        List<int> ids = [];
        for (int token = 0; token < tokenizer.VocabSize; token++)
        {
            bool same = tokenizer.IsSpecial(token) ? tokenizer.TokenText(token) == text : tokenizer.TokenBytes(token) is var bytes && (bytes.SequenceEqual(plain) || bytes.SequenceEqual(spaced));
            if (same) ids.Add(token);
        }
        return ids.Count > 0 ? ids : throw new CommandException($"--ban is '{text}'; no token of the model is that text. Expected a token's text or its number.");
    }

    private static Dictionary<int, float>? Biases(ArgumentResult result)
    {
        Dictionary<int, float> biases = [];
        foreach (Token token in result.Tokens)
        {
            string[] parts = token.Value.Split('=', 2);
            float bias = float.NegativeInfinity;
            if (int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id) && parts.Length == 2
                && (parts[1] == "-inf" || float.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out bias) && float.IsFinite(bias))) biases[id] = bias;
            else
            {
                result.AddError($"--logit-bias is '{token.Value}'; expected ID=N, a token's number and what is added to its logit.");
                return null;
            }
        }
        return biases;
    }
}
