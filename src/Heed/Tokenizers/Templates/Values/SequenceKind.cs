namespace Heed.Tokenizers.Templates.Values;

/// <summary>Which of Python's kinds of sequences one is.</summary>
internal enum SequenceKind
{
    List,
    Tuple,
    Range,

    /// <summary>What keys(), values() and items() give: a length, but no entries by number.</summary>
    View,

    /// <summary>What select, map and their like give: can be gone through once.</summary>
    Lazy,
}
