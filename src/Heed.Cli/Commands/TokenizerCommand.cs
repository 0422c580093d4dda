using System.CommandLine;
using System.Globalization;
using Heed.Cli.Learning;
using Heed.Cli.Options;
using Heed.Tokenizers;
using Heed.Training.Data;

namespace Heed.Cli.Commands;

/// <summary>heed tokenizer train: learns a vocabulary from text.</summary>
internal sealed class TokenizerCommand
{
    private const string EndOfText = "<|endoftext|>", ChatMl = "chatml", None = "none";
    private const long MostMeasuredChars = 10_000_000;
    private readonly TextOptions _text = new();
    private readonly Option<string> _out = new("--out", "-o") { Description = "The folder for tokenizer.json and tokenizer_config.json.", HelpName = "DIR", Required = true };
    private readonly Option<int?> _vocab = ValueOption.Number<int>("--vocab", "How many tokens, special ones and the 256 bytes included; 4096 if not given.", "a whole number, 257 to 16777216", value => value is > 256 and <= 1 << 24);
    private readonly Option<int?> _minFrequency = ValueOption.Number<int>("--min-frequency", "Pairs that occur less often are not merged; 2 if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<string[]> _special = new("--special")
    {
        Description = "A special token besides those of texts and chats; may be given several times.",
        HelpName = "TOKEN",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    private readonly Option<int?> _sentinels = ValueOption.Number<int>("--sentinels", "So many special tokens <extra_id_0>, <extra_id_1>, …, for train --objective spans; none if not given, 100 in T5.", "a whole number, 0 to 10000", value => value is >= 0 and <= 10000);
    private readonly Option<string?> _chat = ValueOption.Text("--chat", "The chat format that the vocabulary has markers for: chatml (if not given) or none.", "NAME");
    private readonly Option<bool> _noBegin = new("--no-begin") { Description = "Do not put the begin token before a text." };
    private readonly Option<int?> _threads = ValueOption.Number<int>("--threads", "The number of threads; all cores if not given. The vocabulary does not depend on it.", "a whole number, 1 to 1024", value => value is >= 1 and <= 1024);
    private readonly Option<bool> _force = new("--force") { Description = "Replace a tokenizer that is in the folder." };
    private readonly Terminal _terminal;

    private TokenizerCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        TokenizerCommand self = new(terminal);
        Command train = new("train", "Learn a byte-level BPE vocabulary from text.");
        self._text.AddTo(train);
        Option[] own = [self._out, self._vocab, self._minFrequency, self._special, self._sentinels, self._chat, self._noBegin, self._threads, self._force];
        foreach (Option option in own) train.Add(option);
        self._chat.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: not (ChatMl or None) } token]) result.AddError($"--chat is '{token.Value}'; expected {ChatMl} or {None}.");
        });
        train.SetAction(self.Run);
        Command command = new("tokenizer", "Make tokenizers.");
        command.Add(train);
        return command;
    }

    private int Run(ParseResult line)
    {
        string folder = line.GetRequiredValue(_out), file = Path.Combine(folder, "tokenizer.json");
        OutputFolder.Check(folder);
        if (File.Exists(file) && !line.GetValue(_force)) throw new CommandException($"{file} exists: --force replaces it; or take another folder.");
        TextSource source = _text.Source(line);
        if (source.TotalBytes == 0) throw new CommandException($"{source.Files[0]}: there is no text in it.");
        BpeTrainer trainer = new(Options(line));
        Directory.CreateDirectory(folder);
        using Interruption interruption = new();
        try
        {
            Tokenizer tokenizer = Train(trainer, source, interruption.Token);
            tokenizer.SaveHuggingFace(folder);
            if (trainer.Options.VocabSize > tokenizer.VocabSize)
                _terminal.Note($"asked for {trainer.Options.VocabSize} tokens, found {tokenizer.VocabSize}: no other pair occurs {trainer.Options.MinFrequency} times; more text or a smaller --min-frequency finds more.");
            using StandardOutput output = new();
            output.Write(string.Create(CultureInfo.InvariantCulture, $"{tokenizer.VocabSize} tokens, {BytesPerToken(tokenizer, source, interruption.Token):F3} bytes per token\n{file}\n"));
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }

    private BpeTrainerOptions Options(ParseResult line)
    {
        bool chats = line.GetValue(_chat) != None;
        return new BpeTrainerOptions
        {
            VocabSize = line.GetValue(_vocab) ?? 4096,
            MinFrequency = line.GetValue(_minFrequency) ?? 2,
            SpecialTokens = [EndOfText, .. chats ? ChatMlTemplate.Markers : [], .. line.GetValue(_special) ?? [], .. ObjectiveOptions.SentinelsOf(line.GetValue(_sentinels) ?? 0)],
            Bos = EndOfText,
            Eos = EndOfText,
            AddBos = !line.GetValue(_noBegin),
            ChatTemplate = chats ? ChatMlTemplate.Text : null,
            Threads = line.GetValue(_threads) ?? 0,
        };
    }

    private Tokenizer Train(BpeTrainer trainer, TextSource source, CancellationToken cancellation)
    {
        using BpeLine progress = new(_terminal, source.TotalBytes);
        return trainer.Train(source.ReadTexts(cancellation), progress, cancellation);
    }

    /// <summary>Over the text itself, or the beginning of a long one.</summary>
    private static double BytesPerToken(Tokenizer tokenizer, TextSource source, CancellationToken cancellation)
    {
        long chars = 0, bytes = 0, tokens = 0;
        foreach (string text in source.ReadTexts(cancellation))
        {
            chars += text.Length;
            bytes += System.Text.Encoding.UTF8.GetByteCount(text);
            tokens += tokenizer.Encode(text, addSpecial: false).Length;
            if (chars >= MostMeasuredChars) break;
        }
        return (double)bytes / Math.Max(1, tokens);
    }
}
