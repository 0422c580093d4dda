using Heed.Distributed;
using Heed.Models;
using Heed.Nn;
using Heed.Tokenizers;
using Heed.Training;
using Heed.Training.Data;

namespace Heed.Cli.Learning;

/// <summary>All that a training needs besides its options.</summary>
internal sealed record Launch
{
    public required RunFolder Folder { get; init; }

    public required Transformer Model { get; init; }

    public required Tokenizer Tokenizer { get; init; }

    public required IBatchSource Training { get; init; }

    /// <summary>Tells the data from others.</summary>
    public required string DataFingerprint { get; init; }

    /// <summary>What else the result hangs on.</summary>
    public IReadOnlyDictionary<string, string> Conditions { get; init; } = new Dictionary<string, string>();

    public IBatchSource? Validation { get; init; }

    public required TrainingRecipe Recipe { get; init; }

    public required long Steps { get; init; }

    /// <summary>Writes what is trained to the run's folder; given the whole model's tensors, of which the model may hold a share.</summary>
    public required Action<string, IReadOnlyList<Parameter>> Export { get; init; }

    /// <summary>The processes that train together; null for this one alone.</summary>
    public ProcessGrid? Grid { get; init; }

    /// <summary>The whole model's configuration where processes share it; else null.</summary>
    public ModelConfig? WholeModel { get; init; }

    /// <summary>What the command line says of processes.</summary>
    public Func<TrainingOptions, TrainingOptions> Adjust { get; init; } = options => options;

    /// <summary>The format in which samples answer a question; null for samples of plain text.</summary>
    public ChatFormat? ChatFormat { get; init; }

    /// <summary>What is asked where the command line does not say.</summary>
    public string? Question { get; init; }

    /// <summary>The line that tries the model.</summary>
    public required string TryLine { get; init; }
}
