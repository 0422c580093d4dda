using Heed.Cli.Learning;
using Heed.Cli.Options;
using Heed.Tokenizers;
using Heed.Training.Data;

namespace Heed.Cli.Measuring;

/// <summary>The text that several models learn from and are measured on, read once.</summary>
internal sealed record ComparedText(Tokenizer Tokenizer, TokenView Train, TokenView Validation)
{
    private const double HeldOut = 0.1;
    private const string Characters = "char";

    /// <summary>What --tokenizer says of itself.</summary>
    public const string TokenizerHelp = $"{Characters} for a token per character (if not given), or a tokenizer's file or folder.";

    /// <param name="source">The text.</param>
    /// <param name="tokenizer">What --tokenizer names; null for characters.</param>
    /// <param name="objective">What will be learned from it.</param>
    /// <param name="cancellation">Looked at while reading.</param>
    /// <exception cref="CommandException">There is no text, no tokenizer, too little to hold a part out, or the tokenizer lacks a token that the objective needs.</exception>
    public static ComparedText Load(TextSource source, string? tokenizer, Objective objective, CancellationToken cancellation)
    {
        if (source.TotalBytes == 0) throw new CommandException($"{source.Files[0]}: there is no text in it.");
        Tokenizer made = tokenizer is null or Characters ? CharacterTokenizer.Train(source.ReadTexts(cancellation), new CharacterTokenizerOptions { SpecialTokens = ObjectiveOptions.SpecialsOf(objective) }) : TokenizerFiles.Load(tokenizer);
        ObjectiveOptions.CheckTokenizer(objective, made);
        TextDataset data = TextDataset.Split(TokenMemory.FromSource(source, made, null, cancellation), HeldOut);
        return new ComparedText(made, data.Train, data.Validation ?? throw new CommandException($"{source.Files[0]}: the text is too short to hold a part of it out."));
    }

    /// <summary>Tells this text, cut by this tokenizer, from others.</summary>
    public string Fingerprint(CancellationToken cancellation) => $"{Train.Fingerprint(cancellation)}-{Validation.Fingerprint(cancellation)}";
}
