using Heed.Formats;
using Heed.Models;
using Heed.Models.Checkpoints;
using Heed.Tokenizers;

namespace Heed.Cli.Inspection;

/// <summary>Tensors of the same name but for the layer's number, type and shape.</summary>
/// <param name="Name">The name, N for the layer's number.</param>
/// <param name="Type">How the numbers are stored.</param>
/// <param name="Shape">Outermost first.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Bytes">What they take together.</param>
internal sealed record TensorGroup(string Name, string Type, string Shape, int Count, long Bytes);

/// <summary>All tensors of a type.</summary>
internal sealed record TypeTotal(string Type, int Tensors, long Elements, long Bytes);

/// <summary>A token of the sample text.</summary>
internal sealed record SampleToken(int Id, string Text);

/// <summary>What can be said about a model without loading its weights.</summary>
internal sealed record ModelSummary
{
    public required string Path { get; init; }

    public required string Format { get; init; }

    public required ModelConfig Config { get; init; }

    public required long FileBytes { get; init; }

    public required IReadOnlyList<StoredTensor> Tensors { get; init; }

    public required IReadOnlyList<TensorGroup> Groups { get; init; }

    public required IReadOnlyList<TypeTotal> Types { get; init; }

    public required MemoryNeed Memory { get; init; }

    /// <summary>The tokenizer, or null where the model has none that can be used.</summary>
    public Tokenizer? Tokenizer { get; init; }

    /// <summary>Why there is no tokenizer.</summary>
    public string? TokenizerProblem { get; init; }

    /// <summary>How chats are written; null without a tokenizer.</summary>
    public ChatFormat? ChatFormat { get; init; }

    public required string SampleText { get; init; }

    public IReadOnlyList<SampleToken> Sample { get; init; } = [];

    /// <summary>The keys of a GGUF file's metadata and their values, shortened.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; } = [];
}
