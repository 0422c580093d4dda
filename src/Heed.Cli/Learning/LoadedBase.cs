using Heed.Distributed;
using Heed.Inference;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Models.Sharding;
using Heed.Tensors;
using Heed.Tokenizers;

namespace Heed.Cli.Learning;

/// <summary>A model's files to begin a training from.</summary>
internal sealed class LoadedBase : IDisposable
{
    private LoadedBase(Checkpoint checkpoint, Tokenizer tokenizer, string? tokenizerSource)
    {
        Checkpoint = checkpoint;
        Tokenizer = tokenizer;
        TokenizerSource = tokenizerSource;
    }

    public Checkpoint Checkpoint { get; }

    public Tokenizer Tokenizer { get; }

    /// <summary>Where the tokenizer came from, or null for the model's one file.</summary>
    public string? TokenizerSource { get; }

    /// <summary>How the model expects a conversation to be written.</summary>
    public ChatFormat ChatFormat => ChatFormat.Detect(Tokenizer, Checkpoint.ChatTemplatePath is { } file ? File.ReadAllText(file) : Tokenizer.ChatTemplate);

    public static LoadedBase Open(string path, string? tokenizer)
    {
        Checkpoint checkpoint = Checkpoint.Open(path);
        try
        {
            string? source = tokenizer ?? (checkpoint.Format is CheckpointFormat.HuggingFace or CheckpointFormat.Heed ? path : null);
            return new LoadedBase(checkpoint, LanguageModel.LoadTokenizer(checkpoint, tokenizer), source);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>The weights in memory of their own, ready to learn.</summary>
    /// <param name="config">The model.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="terminal">Told how far it is.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <param name="ranks">The processes that share the weights, or null.</param>
    /// <param name="sharesSequences">Whether they share the tokens, too.</param>
    public Transformer LoadDense(ModelConfig config, Device device, Terminal terminal, CancellationToken cancellation, ICommunicator? ranks = null, bool sharesSequences = false)
    {
        using LoadingLine progress = new(terminal);
        IWeightSource weights = Checkpoint.Weights(device, WeightForm.Dense, progress, cancellation);
        return ranks is null ? new Transformer(config, weights) : TensorParallel.Build(config, weights, ranks, sharesSequences);
    }

    public void Dispose() => Checkpoint.Dispose();
}
