using System.CommandLine;
using Heed.Cli.Learning;
using Heed.Cli.Options;
using Heed.Inference;

namespace Heed.Cli.Commands;

/// <summary>heed fill: what may stand in the gaps of a text.</summary>
internal sealed class FillCommand
{
    private readonly Argument<string> _text = new("TEXT") { Description = $"The text, with {ObjectiveOptions.MaskToken} where a token is to be found; - reads standard input." };
    private readonly ModelOptions _model = new();
    private readonly Option<int?> _top = ValueOption.Number<int>("--top", "How many tokens to show for each mask; 5 if not given.", "a whole number, 1 or more", value => value >= 1);
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object." };
    private readonly Terminal _terminal;

    private FillCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        FillCommand self = new(terminal);
        Command command = new("fill", "Show the likeliest tokens for the gaps of a text, by a model that sees both ways (train --objective masked).");
        command.Add(self._text);
        self._model.AddTo(command);
        command.Add(self._top);
        command.Add(self._json);
        command.SetAction(self.Run);
        return command;
    }

    private int Run(ParseResult line)
    {
        string text = PromptText.Read(line.GetRequiredValue(_text), _terminal);
        using Interruption interruption = new();
        try
        {
            using LoadedModel loaded = _model.Load(line, _terminal, interruption.Token);
            LanguageModel model = loaded.Model;
            if (model.Config.Encoder is not null) throw new CommandException($"fill: {_model.PathOf(line)} has an encoder and a decoder, which writes what belongs to a source; heed complete takes the source as its prompt, with <extra_id_0>, <extra_id_1>, … for gaps if it was trained with --objective spans.");
            if (!model.Config.Bidirectional) throw new CommandException($"fill: {_model.PathOf(line)} sees only what is before a token and fills no gaps; heed complete writes on with it, heed train --objective masked makes one that fills, and -m names it.");
            IReadOnlyList<FilledMask> filled = new MaskFiller(model.Transformer, model.Tokenizer) { MaxTokens = model.ContextLength }.Fill(text, line.GetValue(_top) ?? 5, interruption.Token);
            using StandardOutput output = new();
            output.Write(line.GetValue(_json) ? FillText.Json(filled) : FillText.Lines(filled));
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
    }
}
