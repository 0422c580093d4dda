namespace Heed.Inference.Grammars;

/// <summary>A grammar, schema or regular expression cannot be used, or asks for more than the bounds allow; the message says where and why.</summary>
public sealed class GrammarException : FormatException
{
    /// <summary>An error of unknown cause.</summary>
    public GrammarException()
        : this("The grammar cannot be used.")
    {
    }

    /// <summary>An error with its message.</summary>
    public GrammarException(string message)
        : base(message)
    {
    }

    /// <summary>An error with its message and cause.</summary>
    public GrammarException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}
