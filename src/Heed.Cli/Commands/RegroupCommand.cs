using System.CommandLine;
using Heed.Cli.Learning;
using Heed.Cli.Options;
using Heed.Models;
using Heed.Models.Checkpoints;

namespace Heed.Cli.Commands;

/// <summary>heed regroup: fewer key and value heads, to be trained on with train --init.</summary>
internal static class RegroupCommand
{
    public static Command Create(Terminal terminal)
    {
        ModelFolderOptions options = new();
        Option<int?> heads = ValueOption.Number<int>("--kv-heads", "The new number of key and value heads; divides the old one.", "a whole number, 1 or more", value => value >= 1);
        heads.Required = true;
        Command command = new("regroup", "Pool a model's key and value heads into fewer by their mean; to be trained on with train --init.");
        options.AddTo(command, heads);
        command.SetAction(line =>
        {
            string folder = options.Folder(line);
            using LoadedBase loaded = LoadedBase.Open(options.Model(line), options.Tokenizer(line));
            ModelConfig config = loaded.Checkpoint.Config;
            Transformer pooled = GroupedHeads.MeanPool(new Transformer(config, loaded.Checkpoint.Weights()), line.GetRequiredValue(heads)!.Value);
            OwnFormat.Check(pooled.Config, terminal);
            ModelFolder.Write(pooled, folder, ExportOptions.Of(loaded.Tokenizer, SamplingSettings.Of(loaded.Checkpoint)));
            TokenizerFiles.Write(folder, loaded.Tokenizer, loaded.TokenizerSource);
            terminal.Note($"{config.KvHeads} key and value heads became {pooled.Config.KvHeads}, in {folder}; heed train --init {CommandText.Quote(folder)} trains it on.");
            return ExitCodes.Ok;
        });
        return command;
    }
}
