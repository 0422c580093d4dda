namespace Heed.Training.Data;

/// <summary>What a document is in a text file. In a .jsonl file each line is one, whatever the rule.</summary>
public enum DocumentRule
{
    /// <summary>The whole file, as it is.</summary>
    File,

    /// <summary>What stands between lines that are the separator, without white space around it.</summary>
    SeparatorLine,

    /// <summary>What stands between blank lines, without white space around it.</summary>
    BlankLine,

    /// <summary>A line, without white space around it.</summary>
    Line,
}
