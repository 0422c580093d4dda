using Heed.Inference.Grammars;

namespace Heed.Cli;

/// <summary>What a failure looks like on the screen.</summary>
internal static class ErrorText
{
    /// <summary>Whether it comes from the files, the arguments or the machine; anything else is a mistake of this program.</summary>
    public static bool IsExpected(Exception e) =>
        e is CommandException or FileFormatException or IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or GrammarException or OutOfMemoryException
        // Weights that are not numbers; the types made from this one speak of mistakes.
        || e.GetType() == typeof(ArithmeticException);

    /// <summary>The message, without the parameter's name that .NET adds: it means nothing to the user of a command.</summary>
    public static string Of(Exception e)
    {
        int parameter = e is ArgumentException ? e.Message.IndexOf(" (Parameter '", StringComparison.Ordinal) : -1;
        return parameter >= 0 ? e.Message[..parameter] : e.Message;
    }
}
