using System.Text;
using Heed.Cli.Options;
using Heed.Inference;
using Heed.Models;
using Heed.Tokenizers;

namespace Heed.Cli.Learning;

/// <summary>Shows what a model that is being trained would put into the gaps of a text.</summary>
internal sealed class MaskSample
{
    private const int Candidates = 3;
    private readonly MaskFiller _filler;
    private readonly string _prompt;

    /// <exception cref="CommandException">The prompt has no gap.</exception>
    public MaskSample(Transformer model, Tokenizer tokenizer, string prompt)
    {
        _filler = new MaskFiller(model, tokenizer);
        _prompt = prompt;
        if (!tokenizer.Encode(prompt.Replace(ObjectiveOptions.MaskToken, MaskOf(tokenizer), StringComparison.Ordinal), parseSpecial: true).Contains(tokenizer.MaskId!.Value))
            throw new CommandException($"--prompt '{prompt}' has no {ObjectiveOptions.MaskToken} for the samples to fill.");
    }

    /// <summary>A text with <paramref name="gap"/> instead of its middle token, the way that people would write it.</summary>
    public static string Hide(string text, Tokenizer tokenizer, string gap)
    {
        int[] ids = tokenizer.Encode(text, addSpecial: false);
        if (ids.Length < 2) return $"{text} {gap}";
        int middle = ids.Length / 2;
        string own = Encoding.UTF8.GetString(tokenizer.TokenBytes(ids[middle]));
        return tokenizer.Decode(ids.AsSpan(0, middle)) + (own.Length > 1 && own[0] == ' ' ? " " : "") + gap + tokenizer.Decode(ids.AsSpan(middle + 1));
    }

    public string Write()
    {
        IReadOnlyList<FilledMask> filled = _filler.Fill(_prompt, Candidates);
        return $"{_prompt}: {string.Join("; ", filled.Select(mask => string.Join(", ", mask.Candidates.Select(FillText.Short))))}";
    }

    private static string MaskOf(Tokenizer tokenizer) => tokenizer.TokenText(tokenizer.MaskId!.Value);
}
