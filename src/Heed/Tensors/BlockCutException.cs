namespace Heed.Tensors;

/// <summary>A slice of a quantized matrix would cut its blocks in two.</summary>
/// <param name="message">Which slice of what; ends without a full stop.</param>
/// <param name="block">The columns of a block.</param>
internal sealed class BlockCutException(string message, int block) : ArgumentException($"{message}.")
{
    /// <summary>The columns of a block.</summary>
    public int Block => block;

    /// <summary>The same with what is to be done about it.</summary>
    public ArgumentException With(string advice) => new($"{message}: {advice}.", this);
}
