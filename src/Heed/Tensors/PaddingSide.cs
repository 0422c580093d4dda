namespace Heed.Tensors;

/// <summary>Where the padding of a batch row stands.</summary>
public enum PaddingSide
{
    /// <summary>After the real tokens, as in training.</summary>
    Right,

    /// <summary>Before the real tokens, as in generation of a batch.</summary>
    Left,
}
