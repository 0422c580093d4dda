using Heed.Tensors;

namespace Heed.Models;

/// <content>What the model makes of tokens before it foretells any.</content>
public sealed partial class Transformer
{
    /// <summary>The final hidden states of a batch of tokens: after the last block and norm, what the output layer makes logits of.</summary>
    /// <param name="tokens">Token ids, row after row: batch × seq of them.</param>
    /// <param name="positions">Where each token stands in its row, −1 for padding, whose states mean nothing; empty for 0, 1, 2, … in every row.</param>
    /// <param name="batch">The number of rows.</param>
    /// <param name="sources">What a model's encoder reads, one text for each row; null where there is none.</param>
    /// <param name="cancellation">Looked at before each block.</param>
    /// <returns>[batch, seq, hidden]. A token's state does not depend on what else is in the batch, but for the scalings that <see cref="Forward"/> excepts.</returns>
    /// <exception cref="ArgumentException">The numbers of tokens, positions and rows do not fit, or an encoder's sources are missing.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in the vocabulary, or a position is out of bounds.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Tensor States(ReadOnlySpan<int> tokens, scoped ReadOnlySpan<int> positions = default, int batch = 1, SourceRows? sources = null,
        CancellationToken cancellation = default) =>
        Run(tokens, cache: null, positions, batch, PassResult.States, sources, depth: 0, cancellation);
}
