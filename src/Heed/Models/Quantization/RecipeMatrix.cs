namespace Heed.Models.Quantization;

/// <summary>What a matrix does, as far as recipes ask.</summary>
internal enum MatrixRole
{
    /// <summary>Nothing that a recipe singles out.</summary>
    Other,

    /// <summary>Makes logits: the output layer, or a table that is one too.</summary>
    Output,

    /// <summary>Attention's values.</summary>
    Values,

    /// <summary>Queries, keys and values in one matrix of the file.</summary>
    Fused,

    /// <summary>Attention's output.</summary>
    AttentionOutput,

    /// <summary>The feed-forward part's second layer.</summary>
    Down,
}

/// <summary>What a recipe asks of a matrix.</summary>
/// <param name="Role">What it does.</param>
/// <param name="Layer">The block's number, 0 outside of blocks.</param>
/// <param name="Layers">The number of blocks.</param>
/// <param name="HeadsPerGroup">How many query heads share a key/value head.</param>
/// <param name="HasImportance">Whether there is an importance for the model.</param>
internal readonly record struct RecipeMatrix(MatrixRole Role, int Layer, int Layers, int HeadsPerGroup, bool HasImportance);
