namespace Heed.Tokenizers.Templates;

/// <summary>A chat template that cannot be read or rendered; the message names the template and the line.</summary>
public sealed class TemplateException : Exception
{
    internal TemplateException(string template, int line, string problem, bool isRefusal = false)
        : base(isRefusal ? problem : $"{template}, line {line}: {problem}")
    {
        Line = line;
        IsRefusal = isRefusal;
    }

    /// <summary>The line of the template, from 1.</summary>
    public int Line { get; }

    /// <summary>Whether the template itself refused the conversation, with <c>raise_exception</c>; the message is then the template's own.</summary>
    public bool IsRefusal { get; }
}
