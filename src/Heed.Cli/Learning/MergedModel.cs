using Heed.Models;
using Heed.Models.Adapters;
using Heed.Models.Checkpoints;

namespace Heed.Cli.Learning;

/// <summary>Writes a model whose adapters have become part of its weights.</summary>
internal static class MergedModel
{
    /// <param name="model">The model with adapters.</param>
    /// <param name="loaded">What it was loaded from.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="terminal">Told about it.</param>
    public static void Write(Transformer model, LoadedBase loaded, string folder, Terminal terminal)
    {
        OwnFormat.Check(model.Config, terminal);
        ModelFolder.Write(Lora.Merge(model), folder, ExportOptions.Of(loaded.Tokenizer, SamplingSettings.Of(loaded.Checkpoint)));
        TokenizerFiles.Write(folder, loaded.Tokenizer, loaded.TokenizerSource);
        terminal.Note($"the merged model is in {folder}.");
    }
}
