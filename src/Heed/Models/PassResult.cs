namespace Heed.Models;

/// <summary>What a pass through the blocks ends in.</summary>
internal enum PassResult
{
    /// <summary>The logits of each row's last token, [batch, vocabulary].</summary>
    LastLogits,

    /// <summary>The logits of every token, [batch, seq, vocabulary].</summary>
    Logits,

    /// <summary>What the output layer makes logits of, [batch, seq, hidden].</summary>
    States,
}
