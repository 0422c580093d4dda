using System.CommandLine;
using Heed.Cli.Learning;
using Heed.Cli.Options;
using Heed.Models;
using Heed.Models.Adapters;

namespace Heed.Cli.Commands;

/// <summary>heed merge: makes adapters part of a model's weights.</summary>
internal static class MergeCommand
{
    public static Command Create(Terminal terminal)
    {
        ModelFolderOptions options = new();
        Argument<string> adapter = new("ADAPTER") { Description = "A folder with LoRA adapters for the model, as heed finetune --lora or PEFT writes it." };
        Command command = new("merge", "Make LoRA adapters part of a model's weights.");
        options.AddTo(command, adapter);
        command.SetAction(line =>
        {
            string folder = options.Folder(line);
            using LoadedBase loaded = LoadedBase.Open(options.Model(line), options.Tokenizer(line));
            ModelConfig config = loaded.Checkpoint.Config;
            PeftAdapter adapters = PeftAdapter.Read(line.GetRequiredValue(adapter), config);
            MergedModel.Write(new Transformer(config, adapters.Weights(loaded.Checkpoint.Weights())), loaded, folder, terminal);
            return ExitCodes.Ok;
        });
        return command;
    }
}
