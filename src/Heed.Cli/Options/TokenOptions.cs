using System.CommandLine;
using System.Globalization;
using System.Text;
using Heed.Inference;
using Heed.Tokenizers;

namespace Heed.Cli.Options;

/// <summary>The options that make single tokens likelier, less likely or impossible.</summary>
internal sealed class TokenOptions
{
    private readonly Option<string[]> _bias = new("--logit-bias")
    {
        Description = "Add N to the logit of the token with this number; -inf bans it. May be given several times.",
        HelpName = "ID=N",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    private readonly Option<string[]> _ban = new("--ban")
    {
        Description = "Never write the tokens that are this text, with or without a space before it, or the token with this number; may be given several times.",
        HelpName = "TEXT|ID",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    public TokenOptions()
    {
        _bias.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => Bias(token.Value) is null) is { } wrong)
                result.AddError($"--logit-bias is '{wrong.Value}'; expected ID=N, a token's number and what is added to its logit.");
        });
        _ban.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value.Length == 0)) result.AddError("--ban is empty; expected a token's text or its number.");
        });
    }

    public IReadOnlyList<Option> All => [_bias, _ban];

    /// <summary><paramref name="options"/> with what the command line says of tokens.</summary>
    /// <exception cref="CommandException">A token is not in the vocabulary.</exception>
    public GenerationOptions Apply(ParseResult line, Tokenizer tokenizer, GenerationOptions options)
    {
        if (line.GetValue(_bias) is { Length: > 0 } biases)
        {
            Dictionary<int, float> byToken = [];
            foreach (string text in biases)
                if (Bias(text) is (int token, float bias)) byToken[token] = bias; // Of two for one token the last one counts.
            options = options with { LogitBias = byToken };
        }
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

    private static (int Token, float Bias)? Bias(string text)
    {
        string[] parts = text.Split('=', 2);
        if (parts.Length < 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int token)) return null;
        if (parts[1] == "-inf") return (token, float.NegativeInfinity);
        return float.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out float bias) && float.IsFinite(bias) ? (token, bias) : null;
    }
}
